"""A small emitted network, with a shell that is soon synthesised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from spikeloom import compile
from spikeloom.accelerator import Accelerator
from spikeloom.frontend.onnx.write import write_model

from tests.sw.small_network import network

SHELL = r"""
module shell(aclk, q);
  input aclk;
  output q;
  \shell.core  core (
    .clk(aclk),
    .q(q)
  );
endmodule

module \shell.core (clk, q);
  input clk;
  output q;
  \shell.core.engine  engine (
    .clk(clk),
    .q(q)
  );
endmodule

module \shell.core.engine (clk, q);
  input clk;
  output q;
  wire [31:0] data;
  wire valid;
  reg [12:0] state = 0;
  always @(posedge clk) state <= state + 1;
  top top (
    .clk(clk), .rst(1'b0), .s_axis_tdata(state[7:0]), .s_axis_tvalid(state[8]), .s_axis_tlast(1'b0),
    .m_axis_tready(state[9]),
    .counter_address({4'b0, state[11:0]}), .counter_clear(state[12]), .m_axis_tdata(data),
    .m_axis_tvalid(valid)
  );
  assign q = ^data ^ valid;
endmodule
"""
"""A shell that is soon synthesised, around the real network."""


def emitted(folder: Path, board: str) -> Accelerator:
    write_model(network(), folder / "model.onnx")
    made = compile(
        folder / "model.onnx", board, folder=folder, calibration=np.zeros((1, 1, 4, 4), np.float32)
    )
    made.emit()
    return made


def small(folder: Path, board: str) -> Accelerator:
    made = emitted(folder, board)
    (folder / "rtl" / "shell.v").write_text(SHELL, encoding="utf-8")
    return made
