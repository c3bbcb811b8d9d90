-- SPDX-License-Identifier: Apache-2.0
-- expect: it raised an error that is no text but a table
error { code = 5 }
