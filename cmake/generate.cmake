# SPDX-License-Identifier: Apache-2.0
# Everything made at build time: the wire from proto/wire.lua, the signal messages from proto/signal.proto, the tables
# of the Galois field.
find_program(LUA_PROGRAM NAMES lua5.4 REQUIRED)
find_program(PROTOC_C_PROGRAM NAMES protoc-c REQUIRED)
set(WZP_GEN ${CMAKE_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${WZP_GEN}/wire)

add_custom_command(
  OUTPUT ${WZP_GEN}/wire/wire.h ${WZP_GEN}/wire/wire.c ${WZP_GEN}/wire-tables.md ${WZP_GEN}/wzp.lua
  COMMAND ${LUA_PROGRAM} ${CMAKE_SOURCE_DIR}/tools/gen-wire.lua ${CMAKE_SOURCE_DIR}/proto/wire.lua ${WZP_GEN}
  DEPENDS ${CMAKE_SOURCE_DIR}/proto/wire.lua ${CMAKE_SOURCE_DIR}/tools/gen-wire.lua
          ${CMAKE_SOURCE_DIR}/tools/gen/model.lua ${CMAKE_SOURCE_DIR}/tools/gen/header.lua
          ${CMAKE_SOURCE_DIR}/tools/gen/source.lua ${CMAKE_SOURCE_DIR}/tools/gen/tables.lua
          ${CMAKE_SOURCE_DIR}/tools/gen/dissector.lua
  VERBATIM)
add_custom_command(
  OUTPUT ${WZP_GEN}/wire/signal.pb-c.h ${WZP_GEN}/wire/signal.pb-c.c
  COMMAND ${PROTOC_C_PROGRAM} --c_out=${WZP_GEN}/wire -I${CMAKE_SOURCE_DIR}/proto ${CMAKE_SOURCE_DIR}/proto/signal.proto
  DEPENDS ${CMAKE_SOURCE_DIR}/proto/signal.proto
  VERBATIM)
set_source_files_properties(${WZP_GEN}/wire/signal.pb-c.c PROPERTIES COMPILE_OPTIONS "-Wno-conversion;-Wno-shadow")
set(WZP_WIRE_SOURCES ${WZP_GEN}/wire/wire.h ${WZP_GEN}/wire/wire.c
    ${WZP_GEN}/wire/signal.pb-c.h ${WZP_GEN}/wire/signal.pb-c.c)

file(MAKE_DIRECTORY ${WZP_GEN}/fec)
add_custom_command(
  OUTPUT ${WZP_GEN}/fec/gf256_tables.h
  COMMAND ${LUA_PROGRAM} ${CMAKE_SOURCE_DIR}/tools/gen-gf256.lua ${WZP_GEN}/fec/gf256_tables.h
  DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen-gf256.lua
  VERBATIM)
