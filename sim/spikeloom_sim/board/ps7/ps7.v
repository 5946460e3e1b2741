// A model of a Zynq-7000's processing system, as far as ps7_top.v uses it: the ports of the
// primitive PS7, and BUFG.
//
// Inside are a processor (master.v) and a memory port (slave.v). What they do is asked for and
// answered by the module `bench` around the design; since the design has no ports, they are bound
// by its name. `breach` is the first broken rule, see harness/ps7.h.

module BUFG(input I, output O);
  assign O = I;
endmodule

module PS7(
  output [3:0] FCLKCLK, output [3:0] FCLKRESETN, input [3:0] FCLKCLKTRIGN, input FPGAIDLEN,

  input MAXIGP0ACLK,
  output [11:0] MAXIGP0ARID, output [31:0] MAXIGP0ARADDR, output [3:0] MAXIGP0ARLEN,
      output [1:0] MAXIGP0ARSIZE,
  output [1:0] MAXIGP0ARBURST, output MAXIGP0ARVALID, input MAXIGP0ARREADY,
  input [11:0] MAXIGP0RID, input [31:0] MAXIGP0RDATA, input [1:0] MAXIGP0RRESP, input MAXIGP0RLAST,
      input MAXIGP0RVALID,
  output MAXIGP0RREADY,
  output [11:0] MAXIGP0AWID, output [31:0] MAXIGP0AWADDR, output [3:0] MAXIGP0AWLEN,
      output [1:0] MAXIGP0AWSIZE,
  output [1:0] MAXIGP0AWBURST, output MAXIGP0AWVALID, input MAXIGP0AWREADY,
  output [11:0] MAXIGP0WID, output [31:0] MAXIGP0WDATA, output [3:0] MAXIGP0WSTRB,
      output MAXIGP0WLAST, output MAXIGP0WVALID,
  input MAXIGP0WREADY,
  input [11:0] MAXIGP0BID, input [1:0] MAXIGP0BRESP, input MAXIGP0BVALID, output MAXIGP0BREADY,

  input SAXIHP0ACLK,
  input [5:0] SAXIHP0ARID, input [31:0] SAXIHP0ARADDR, input [3:0] SAXIHP0ARLEN,
      input [1:0] SAXIHP0ARSIZE, input [1:0] SAXIHP0ARBURST,
  input [1:0] SAXIHP0ARLOCK, input [3:0] SAXIHP0ARCACHE, input [2:0] SAXIHP0ARPROT,
      input [3:0] SAXIHP0ARQOS,
  input SAXIHP0ARVALID, output SAXIHP0ARREADY,
  output [5:0] SAXIHP0RID, output [63:0] SAXIHP0RDATA, output [1:0] SAXIHP0RRESP,
      output SAXIHP0RLAST, output SAXIHP0RVALID,
  input SAXIHP0RREADY,
  input [5:0] SAXIHP0AWID, input [31:0] SAXIHP0AWADDR, input [3:0] SAXIHP0AWLEN,
      input [1:0] SAXIHP0AWSIZE, input [1:0] SAXIHP0AWBURST,
  input [1:0] SAXIHP0AWLOCK, input [3:0] SAXIHP0AWCACHE, input [2:0] SAXIHP0AWPROT,
      input [3:0] SAXIHP0AWQOS,
  input SAXIHP0AWVALID, output SAXIHP0AWREADY,
  input [5:0] SAXIHP0WID, input [63:0] SAXIHP0WDATA, input [7:0] SAXIHP0WSTRB, input SAXIHP0WLAST,
      input SAXIHP0WVALID,
  output SAXIHP0WREADY,
  output [5:0] SAXIHP0BID, output [1:0] SAXIHP0BRESP, output SAXIHP0BVALID, input SAXIHP0BREADY,
  input SAXIHP0RDISSUECAP1EN, input SAXIHP0WRISSUECAP1EN,

  // Lines of what this top does not use.
  input EMIOCAN0PHYRX, input EMIOCAN1PHYRX, input EMIOENET0EXTINTIN, input EMIOENET1EXTINTIN,
      input EMIOENET0MDIOI, input EMIOENET1MDIOI,
  input EMIOI2C0SCLI, input EMIOI2C0SDAI, input EMIOI2C1SCLI, input EMIOI2C1SDAI,
      input EMIOPJTAGTDI, input EMIOPJTAGTMS,
  input EMIOSDIO0CDN, input EMIOSDIO1CDN, input EMIOSDIO0CMDI, input EMIOSDIO1CMDI,
      input EMIOSDIO0WP, input EMIOSDIO1WP,
  input EMIOSPI0MI, input EMIOSPI1MI, input EMIOSPI0SI, input EMIOSPI1SI, input EMIOSPI0SSIN,
      input EMIOSPI1SSIN, input EMIOSRAMINTIN,
  input EMIOUART0CTSN, input EMIOUART0DCDN, input EMIOUART0DSRN, input EMIOUART0RIN,
      input EMIOUART0RX, input EMIOUART1CTSN,
  input EMIOUART1DCDN, input EMIOUART1DSRN, input EMIOUART1RIN, input EMIOUART1RX,
      input EMIOUSB0VBUSPWRFAULT,
  input EMIOUSB1VBUSPWRFAULT, input EVENTEVENTI, input [3:0] DDRARB, input [3:0] EMIOSDIO0DATAI,
      input [3:0] EMIOSDIO1DATAI,
  input [3:0] FTMTF2PTRIG, input [3:0] FTMTP2FTRIGACK, input [19:0] IRQF2P,
      input [31:0] FTMTF2PDEBUG, input [63:0] EMIOGPIOI
);
  // The other clocks run against the first one, so that using one of them shows.
  assign FCLKCLK = {{3{~bench.aclk}}, bench.aclk};
  assign FCLKRESETN = {3'b000, bench.resetn};

  // What `bench` reads, by the names of its ports.
  wire s_axi_control_arready, s_axi_control_rvalid, s_axi_control_awready, s_axi_control_wready,
      s_axi_control_bvalid;
  wire [31:0] s_axi_control_rdata;
  wire [1:0] s_axi_control_rresp, s_axi_control_bresp;
  wire m_axi_memory_arvalid, m_axi_memory_rready, m_axi_memory_awvalid, m_axi_memory_wlast,
      m_axi_memory_wvalid, m_axi_memory_bready;
  wire [31:0] m_axi_memory_araddr, m_axi_memory_awaddr;
  wire [7:0] m_axi_memory_arlen, m_axi_memory_awlen, m_axi_memory_wstrb;
  wire [2:0] m_axi_memory_arsize, m_axi_memory_awsize, m_axi_memory_arprot, m_axi_memory_awprot;
  wire [1:0] m_axi_memory_arburst, m_axi_memory_awburst;
  wire [3:0] m_axi_memory_arcache, m_axi_memory_awcache;
  wire [63:0] m_axi_memory_wdata;
  wire [7:0] master_breach, slave_breach;
  wire [7:0] breach = master_breach != 0 ? master_breach : slave_breach;

  ps7_master master(
    .clk(MAXIGP0ACLK), .running(bench.aresetn), .breach(master_breach),
    .bench_araddr(bench.s_axi_control_araddr), .bench_arvalid(bench.s_axi_control_arvalid),
        .bench_arready(s_axi_control_arready),
    .bench_rdata(s_axi_control_rdata), .bench_rresp(s_axi_control_rresp),
        .bench_rvalid(s_axi_control_rvalid), .bench_rready(bench.s_axi_control_rready),
    .bench_awaddr(bench.s_axi_control_awaddr), .bench_awvalid(bench.s_axi_control_awvalid),
        .bench_awready(s_axi_control_awready),
    .bench_wdata(bench.s_axi_control_wdata), .bench_wstrb(bench.s_axi_control_wstrb),
        .bench_wvalid(bench.s_axi_control_wvalid), .bench_wready(s_axi_control_wready),
    .bench_bresp(s_axi_control_bresp), .bench_bvalid(s_axi_control_bvalid),
        .bench_bready(bench.s_axi_control_bready),
    .arid(MAXIGP0ARID), .araddr(MAXIGP0ARADDR), .arlen(MAXIGP0ARLEN), .arsize(MAXIGP0ARSIZE),
        .arburst(MAXIGP0ARBURST), .arvalid(MAXIGP0ARVALID), .arready(MAXIGP0ARREADY),
    .rid(MAXIGP0RID), .rdata(MAXIGP0RDATA), .rresp(MAXIGP0RRESP), .rlast(MAXIGP0RLAST),
        .rvalid(MAXIGP0RVALID), .rready(MAXIGP0RREADY),
    .awid(MAXIGP0AWID), .awaddr(MAXIGP0AWADDR), .awlen(MAXIGP0AWLEN), .awsize(MAXIGP0AWSIZE),
        .awburst(MAXIGP0AWBURST), .awvalid(MAXIGP0AWVALID), .awready(MAXIGP0AWREADY),
    .wid(MAXIGP0WID), .wdata(MAXIGP0WDATA), .wstrb(MAXIGP0WSTRB), .wlast(MAXIGP0WLAST),
        .wvalid(MAXIGP0WVALID), .wready(MAXIGP0WREADY),
    .bid(MAXIGP0BID), .bresp(MAXIGP0BRESP), .bvalid(MAXIGP0BVALID), .bready(MAXIGP0BREADY)
  );

  ps7_slave slave(
    .clk(SAXIHP0ACLK), .running(bench.aresetn), .breach(slave_breach),
    .bench_araddr(m_axi_memory_araddr), .bench_arlen(m_axi_memory_arlen),
        .bench_arsize(m_axi_memory_arsize), .bench_arburst(m_axi_memory_arburst),
        .bench_arcache(m_axi_memory_arcache), .bench_arprot(m_axi_memory_arprot),
        .bench_arvalid(m_axi_memory_arvalid), .bench_arready(bench.m_axi_memory_arready),
    .bench_rdata(bench.m_axi_memory_rdata), .bench_rresp(bench.m_axi_memory_rresp),
        .bench_rlast(bench.m_axi_memory_rlast), .bench_rvalid(bench.m_axi_memory_rvalid),
        .bench_rready(m_axi_memory_rready),
    .bench_awaddr(m_axi_memory_awaddr), .bench_awlen(m_axi_memory_awlen),
        .bench_awsize(m_axi_memory_awsize), .bench_awburst(m_axi_memory_awburst),
        .bench_awcache(m_axi_memory_awcache), .bench_awprot(m_axi_memory_awprot),
        .bench_awvalid(m_axi_memory_awvalid), .bench_awready(bench.m_axi_memory_awready),
    .bench_wdata(m_axi_memory_wdata), .bench_wstrb(m_axi_memory_wstrb),
        .bench_wlast(m_axi_memory_wlast), .bench_wvalid(m_axi_memory_wvalid),
        .bench_wready(bench.m_axi_memory_wready),
    .bench_bresp(bench.m_axi_memory_bresp), .bench_bvalid(bench.m_axi_memory_bvalid),
        .bench_bready(m_axi_memory_bready),
    .arid(SAXIHP0ARID), .araddr(SAXIHP0ARADDR), .arlen(SAXIHP0ARLEN), .arsize(SAXIHP0ARSIZE),
        .arburst(SAXIHP0ARBURST), .arlock(SAXIHP0ARLOCK), .arcache(SAXIHP0ARCACHE),
        .arprot(SAXIHP0ARPROT), .arqos(SAXIHP0ARQOS), .arvalid(SAXIHP0ARVALID),
        .arready(SAXIHP0ARREADY),
    .rid(SAXIHP0RID), .rdata(SAXIHP0RDATA), .rresp(SAXIHP0RRESP), .rlast(SAXIHP0RLAST),
        .rvalid(SAXIHP0RVALID), .rready(SAXIHP0RREADY),
    .awid(SAXIHP0AWID), .awaddr(SAXIHP0AWADDR), .awlen(SAXIHP0AWLEN), .awsize(SAXIHP0AWSIZE),
        .awburst(SAXIHP0AWBURST), .awlock(SAXIHP0AWLOCK), .awcache(SAXIHP0AWCACHE),
        .awprot(SAXIHP0AWPROT), .awqos(SAXIHP0AWQOS), .awvalid(SAXIHP0AWVALID),
        .awready(SAXIHP0AWREADY),
    .wid(SAXIHP0WID), .wdata(SAXIHP0WDATA), .wstrb(SAXIHP0WSTRB), .wlast(SAXIHP0WLAST),
        .wvalid(SAXIHP0WVALID), .wready(SAXIHP0WREADY),
    .bid(SAXIHP0BID), .bresp(SAXIHP0BRESP), .bvalid(SAXIHP0BVALID), .bready(SAXIHP0BREADY)
  );
endmodule
