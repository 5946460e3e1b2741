// The memory's side of SAXIHP0: AXI3 to the bench's memory, which knows no IDs, and the rules that
// it therefore cannot see.
module ps7_slave(
  input clk, input running, output reg [7:0] breach,
  output [31:0] bench_araddr, output [7:0] bench_arlen, output [2:0] bench_arsize,
      output [1:0] bench_arburst, output [3:0] bench_arcache,
  output [2:0] bench_arprot, output bench_arvalid, input bench_arready,
  input [63:0] bench_rdata, input [1:0] bench_rresp, input bench_rlast, input bench_rvalid,
      output bench_rready,
  output [31:0] bench_awaddr, output [7:0] bench_awlen, output [2:0] bench_awsize,
      output [1:0] bench_awburst, output [3:0] bench_awcache,
  output [2:0] bench_awprot, output bench_awvalid, input bench_awready,
  output [63:0] bench_wdata, output [7:0] bench_wstrb, output bench_wlast, output bench_wvalid,
      input bench_wready,
  input [1:0] bench_bresp, input bench_bvalid, output bench_bready,
  input [5:0] arid, input [31:0] araddr, input [3:0] arlen, input [1:0] arsize, input [1:0] arburst,
      input [1:0] arlock, input [3:0] arcache,
  input [2:0] arprot, input [3:0] arqos, input arvalid, output arready,
  output [5:0] rid, output [63:0] rdata, output [1:0] rresp, output rlast, output rvalid,
      input rready,
  input [5:0] awid, input [31:0] awaddr, input [3:0] awlen, input [1:0] awsize, input [1:0] awburst,
      input [1:0] awlock, input [3:0] awcache,
  input [2:0] awprot, input [3:0] awqos, input awvalid, output awready,
  input [5:0] wid, input [63:0] wdata, input [7:0] wstrb, input wlast, input wvalid, output wready,
  output [5:0] bid, output [1:0] bresp, output bvalid, input bready
);
  assign bench_araddr = araddr, bench_arlen = {4'd0, arlen}, bench_arsize = {1'b0, arsize},
      bench_arburst = arburst;
  assign bench_arcache = arcache, bench_arprot = arprot, bench_arvalid = arvalid,
      arready = bench_arready;
  assign bench_awaddr = awaddr, bench_awlen = {4'd0, awlen}, bench_awsize = {1'b0, awsize},
      bench_awburst = awburst;
  assign bench_awcache = awcache, bench_awprot = awprot, bench_awvalid = awvalid,
      awready = bench_awready;
  assign bench_wdata = wdata, bench_wstrb = wstrb, bench_wlast = wlast, bench_wvalid = wvalid,
      wready = bench_wready;
  assign rdata = bench_rdata, rresp = bench_rresp, rlast = bench_rlast, rvalid = bench_rvalid,
      bench_rready = rready;
  assign bresp = bench_bresp, bvalid = bench_bvalid, bench_bready = bready;

  // IDs of the bursts under way, each answered with its own. Data may come before its address: the
  // IDs of both are kept until they meet.
  reg [5:0] read_ids [0:63], write_ids [0:63], data_ids [0:63];
  reg [5:0] asked, read, addressed, filled, met, answered;
  assign rid = read_ids[read];
  assign bid = write_ids[answered];

  reg ar_waits, aw_waits, w_waits, midway;
  reg [11:0] ar_before, aw_before;
  reg [5:0] w_before, burst_id;
  wire [11:0] ar_now = {arid, arlock, arqos}, aw_now = {awid, awlock, awqos};

  task broken(input [7:0] code);
    if (breach == 0) breach <= code;
  endtask

  initial breach = 0;

  always @(posedge clk) begin
    if (arvalid && arready) begin
      read_ids[asked] <= arid;
      asked <= asked + 1;
    end
    if (rvalid && rready && rlast) read <= read + 1;
    if (awvalid && awready) begin
      write_ids[addressed] <= awid;
      addressed <= addressed + 1;
    end
    if (wvalid && wready) begin
      midway <= !wlast;
      burst_id <= wid;
      if (midway && wid != burst_id) broken(33);
      if (wlast) begin
        data_ids[filled] <= wid;
        filled <= filled + 1;
      end
    end
    if (met != addressed && met != filled) begin
      met <= met + 1;
      if (write_ids[met] != data_ids[met]) broken(32);
    end
    if (bvalid && bready) answered <= answered + 1;
    if (arvalid && (arlock != 0 || arqos != 0)) broken(34);
    if (awvalid && (awlock != 0 || awqos != 0)) broken(34);
    if ((ar_waits && ar_now != ar_before) || (aw_waits && aw_now != aw_before)
        || (w_waits && wid != w_before)) broken(35);
    ar_waits <= arvalid && !arready;
    aw_waits <= awvalid && !awready;
    w_waits <= wvalid && !wready;
    ar_before <= ar_now;
    aw_before <= aw_now;
    w_before <= wid;
    if (!running) begin
      breach <= 0;
      {asked, read, addressed, filled, met, answered} <= 0;
      {ar_waits, aw_waits, w_waits, midway} <= 0;
    end
  end
endmodule
