"""What hardware and host share: registers, manifest, boards, weight files, performance figures."""
