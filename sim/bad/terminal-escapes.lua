-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: red \x1b[31m alarm \x07\x09\x7f\xc2\x9b2J, ü stays
error("red \27[31m alarm \7\t\127\194\1552J, ü stays\nand another line")
