# SPDX-License-Identifier: Apache-2.0
# Every impl/bin/NAME.c becomes the program wzp-NAME (wzp_NAME.c as well) in BUILD/bin. A new file needs no line here.
file(GLOB wzp_programs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/impl/bin/*.c)
foreach(source ${wzp_programs})
  get_filename_component(stem ${source} NAME_WE)
  string(REGEX REPLACE "^wzp[-_]" "" stem ${stem})
  string(REPLACE "_" "-" stem ${stem})
  add_executable(wzp-${stem} ${source})
  target_link_libraries(wzp-${stem} PRIVATE wzp_run wzp_check)
endforeach()
target_link_libraries(wzp-client PRIVATE wzp_hw)
