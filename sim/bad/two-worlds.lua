-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: world: close the one before first
world { horizon = 5 }
world { horizon = 5 }
