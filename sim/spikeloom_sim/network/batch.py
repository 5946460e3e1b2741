"""Many small networks in one library: the compile time that every library costs is paid once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spikeloom.interface.manifest import Manifest

from spikeloom_sim.network.network import Network
from spikeloom_sim.network.verilate import network_source


def join(
    folder: Path, tops: Sequence[tuple[Manifest, str]], optimise: str = "-O0"
) -> list[Network]:
    """Networks from their manifests and Verilog texts (top module ``top``), in one library under
    ``folder``. Built at the first run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources = []
    for index, (manifest, verilog) in enumerate(tops):
        path = folder / f"top{index}.v"
        path.write_text(verilog, encoding="utf-8")
        sources.append(network_source(path, manifest))
    return [
        Network(folder, manifest=manifest, sources=sources, index=index, optimise=optimise)
        for index, (manifest, _) in enumerate(tops)
    ]
