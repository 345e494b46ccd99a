# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests are built from: the proxy's process, origins, and a raw client."""
