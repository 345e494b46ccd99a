# SPDX-License-Identifier: Apache-2.0
"""What testssl.sh says of the presets. Long: it takes minutes."""

import json
import os
import shutil
import subprocess

import pytest

from harness.tls import *  # noqa: F401,F403  pylint: disable=wildcard-import

# Of a certificate of a test, and of a name that no resolver knows: not of the module.
OF_THE_TEST = ("cert_", "DNS_CAArecord", "overall_grade", "final_score", "grade_cap", "HSTS",
               "OCSP_", "security_headers", "banner_", "scanTime", "chain_of_trust", "clientAuth")


@pytest.mark.skipif(os.environ.get("WEIR_CHAOS") != "long", reason="WEIR_CHAOS=long runs it")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("preset", ["intermediate", "modern"])
def test_testssl_finds_nothing_of_weight(weir_tls, pki, tmp_path, preset):
    made = weir_tls("ecdsa", "rsa", preset=preset)
    found = tmp_path / "found.json"
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    subprocess.run([program, "--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1",
                    "--add-ca", pki.path("ca.pem"), "--jsonfile", found, f"a.test:{made.port}"],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=850, check=False)
    findings = json.loads(found.read_text(encoding="utf-8"))
    assert len(findings) > 50
    weighty = [(f["id"], f["severity"], f["finding"]) for f in findings
               if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")
               and not f["id"].startswith(OF_THE_TEST)]
    assert weighty == []
