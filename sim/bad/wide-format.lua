-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: invalid conversion specification: '%500s'
print(string.format("%500s", "x"))
