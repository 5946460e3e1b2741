// The ports of a shell around something simple: it copies `input_words` memory words from
// `input_address` to `output_address`. The register at 0x100 makes it break one rule at a time; 0
// keeps all of them. It tests the simulated board, not the hardware.
module shell #(parameter A = 32, parameter W = 64) (
  input aclk, input aresetn,
  input [15:0] s_axi_control_awaddr, input [2:0] s_axi_control_awprot, input s_axi_control_awvalid,
      output s_axi_control_awready,
  input [31:0] s_axi_control_wdata, input [3:0] s_axi_control_wstrb, input s_axi_control_wvalid,
      output s_axi_control_wready,
  output [1:0] s_axi_control_bresp, output s_axi_control_bvalid, input s_axi_control_bready,
  input [15:0] s_axi_control_araddr, input [2:0] s_axi_control_arprot, input s_axi_control_arvalid,
      output s_axi_control_arready,
  output [31:0] s_axi_control_rdata, output [1:0] s_axi_control_rresp, output s_axi_control_rvalid,
      input s_axi_control_rready,
  output reg [A-1:0] m_axi_memory_araddr, output reg [7:0] m_axi_memory_arlen,
      output [2:0] m_axi_memory_arsize,
  output [1:0] m_axi_memory_arburst, output [3:0] m_axi_memory_arcache,
      output [2:0] m_axi_memory_arprot,
  output m_axi_memory_arvalid, input m_axi_memory_arready,
  input [W-1:0] m_axi_memory_rdata, input [1:0] m_axi_memory_rresp, input m_axi_memory_rlast,
      input m_axi_memory_rvalid,
  output m_axi_memory_rready,
  output reg [A-1:0] m_axi_memory_awaddr, output reg [7:0] m_axi_memory_awlen,
      output [2:0] m_axi_memory_awsize,
  output [1:0] m_axi_memory_awburst, output [3:0] m_axi_memory_awcache,
      output [2:0] m_axi_memory_awprot,
  output m_axi_memory_awvalid, input m_axi_memory_awready,
  output [W-1:0] m_axi_memory_wdata, output [W/8-1:0] m_axi_memory_wstrb, output m_axi_memory_wlast,
  output m_axi_memory_wvalid, input m_axi_memory_wready,
  input [1:0] m_axi_memory_bresp, input m_axi_memory_bvalid, output m_axi_memory_bready);

  localparam B = W / 8, SIZE = $clog2(B), DEPTH = 64;
  reg [7:0] bug = 0;
  reg wobble = 0;
  always @(posedge aclk) wobble <= ~wobble;

  // Register bus: one access at a time, address before data.
  reg aw_full = 0, w_full = 0, b_full = 0, r_full = 0;
  reg [15:0] aw;
  reg [31:0] wd, rd;
  assign s_axi_control_awready = !aw_full && !b_full;
  assign s_axi_control_wready = !w_full && !b_full;
  assign s_axi_control_bresp = bug == 23 ? 2 : 0;
  assign s_axi_control_bvalid = bug == 22 ? b_full && wobble : b_full || (bug == 17 && wobble);
  assign s_axi_control_arready = bug != 18 && !r_full;
  assign s_axi_control_rdata = rd ^ (bug == 16 && wobble);
  assign s_axi_control_rresp = bug == 24 ? 3 : 0;
  assign s_axi_control_rvalid = r_full;

  reg busy = 0, done = 0;
  reg [4:0] error = 0;
  reg [31:0] cycles = 0;
  reg [63:0] source = 0, target = 0;
  reg [31:0] words = 0, seen = 0;
  wire written = aw_full && w_full;
  wire start = written && aw == 16'h40 && wd[0];

  // Reading.
  reg arvalid = 0, ar_ready_seen = 0;
  reg [31:0] r_left = 0, reserved = 0;
  reg [A-1:0] r_next = 0;
  wire [31:0] r_page = (4096 - r_next[11:0]) / B;
  wire [31:0] r_most = bug == 4 ? 32 : 16;
  wire [31:0] r_bound = r_left < r_most ? r_left : r_most;
  wire [31:0] r_take = bug != 3 && r_page < r_bound ? r_page : r_bound;
  wire r_go = busy && r_left != 0 && reserved + r_take <= DEPTH && (bug != 15 || ar_ready_seen);
  wire r_beat = m_axi_memory_rvalid && m_axi_memory_rready;
  reg [15:0] stall = 0;
  assign m_axi_memory_arvalid = bug == 1 ? arvalid && wobble : bug == 19 ? arvalid || !aresetn
      : arvalid;
  assign m_axi_memory_arsize = bug == 6 ? SIZE - 1 : SIZE;
  assign m_axi_memory_arburst = bug == 5 ? 2 : 1;
  assign m_axi_memory_arcache = bug == 12 ? 0 : 3;
  assign m_axi_memory_arprot = bug == 25 ? 1 : 0;
  assign m_axi_memory_rready = bug == 14 ? 0 : 1;

  // What is asked for, so that an answer can be looked at.
  reg [7:0] length [0:DEPTH-1];
  reg [31:0] l_in = 0, l_out = 0, beat = 0;

  // A queue of words, each reserved before it is asked for.
  reg [W-1:0] queue [0:DEPTH-1];
  reg [31:0] q_in = 0, q_out = 0;
  wire [31:0] q_level = q_in - q_out;

  // Writing.
  reg awvalid = 0, wvalid = 0, wlast = 0;
  reg [W-1:0] wdata;
  reg [31:0] w_left = 0, w_beats = 0, waiting = 0;
  reg [A-1:0] w_next = 0;
  wire [31:0] w_page = (4096 - w_next[11:0]) / B;
  wire [31:0] w_bound = w_left < 16 ? w_left : 16;
  wire [31:0] w_take = w_page < w_bound ? w_page : w_bound;
  wire w_go = busy && w_left != 0 && w_beats == 0 && q_level >= w_take
      && (!awvalid || m_axi_memory_awready);
  wire w_move = w_beats != 0 && (!wvalid || m_axi_memory_wready);
  wire answered = m_axi_memory_bvalid && m_axi_memory_bready;
  assign m_axi_memory_awvalid = awvalid;
  assign m_axi_memory_awsize = SIZE;
  assign m_axi_memory_awburst = 1;
  assign m_axi_memory_awcache = 3;
  assign m_axi_memory_awprot = 0;
  assign m_axi_memory_wdata = bug == 9 ? wdata ^ wobble : wdata;
  assign m_axi_memory_wstrb = {B{1'b1}};
  assign m_axi_memory_wlast = bug == 8 ? 0 : bug == 26 ? 1 : wlast;
  assign m_axi_memory_wvalid = bug == 11 ? wvalid && wobble : wvalid;
  assign m_axi_memory_bready = bug != 13;

  always @(posedge aclk) begin
    if (s_axi_control_awvalid && s_axi_control_awready)
        begin aw_full <= 1; aw <= s_axi_control_awaddr; end
    if (s_axi_control_wvalid && s_axi_control_wready)
        begin w_full <= 1; wd <= s_axi_control_wdata; end
    if (written) begin
      aw_full <= 0; w_full <= 0; b_full <= 1;
      case (aw)
        16'h50: source[31:0] <= wd;
        16'h54: source[63:32] <= wd;
        16'h58: target[31:0] <= wd;
        16'h5C: target[63:32] <= wd;
        16'h64: words <= wd;
        16'h100: bug <= wd;
      endcase
    end
    if (s_axi_control_bvalid && s_axi_control_bready) b_full <= 0;
    if (s_axi_control_arvalid && s_axi_control_arready) begin
      r_full <= 1;
      case (s_axi_control_araddr)
        16'h44: rd <= {done, busy};
        16'h48: rd <= error;
        16'h64: rd <= words;
        16'h7C: rd <= seen;
        16'h80: rd <= cycles;
        default: rd <= 0;
      endcase
    end
    if (s_axi_control_rvalid && s_axi_control_rready) r_full <= 0;

    ar_ready_seen <= m_axi_memory_arready;
    if (arvalid && !m_axi_memory_arready && bug == 2)
        m_axi_memory_araddr <= m_axi_memory_araddr + B;
    if (!arvalid || (m_axi_memory_arvalid && m_axi_memory_arready)) begin
      arvalid <= r_go;
      if (r_go) begin
        m_axi_memory_araddr <= bug == 7 ? r_next + 4 : r_next;
        m_axi_memory_arlen <= r_take - 1;
        length[l_in % DEPTH] <= r_take - 1;
        l_in <= l_in + 1;
        r_next <= r_next + r_take * B;
        r_left <= r_left - r_take;
      end
    end
    reserved <= reserved + (r_go && (!arvalid || (m_axi_memory_arvalid && m_axi_memory_arready))
        ? r_take : 0) - (w_move ? 1 : 0);
    if (r_beat) begin
      queue[q_in % DEPTH] <= m_axi_memory_rdata;
      q_in <= q_in + (bug == 21 && q_in % 16 == 5 ? 2 : 1);
      if (m_axi_memory_rresp != 0) error[m_axi_memory_rresp - 2] <= 1;
      if (l_in == l_out || m_axi_memory_rlast != (beat == length[l_out % DEPTH])) error[4] <= 1;
      beat <= beat == length[l_out % DEPTH] ? 0 : beat + 1;
      if (beat == length[l_out % DEPTH]) l_out <= l_out + 1;
    end

    if (awvalid && !m_axi_memory_awready && bug == 10) m_axi_memory_awlen <= m_axi_memory_awlen ^ 1;
    if (awvalid && m_axi_memory_awready) awvalid <= 0;
    if (w_go) begin
      awvalid <= 1;
      m_axi_memory_awaddr <= w_next;
      m_axi_memory_awlen <= w_take - 1;
      w_next <= w_next + w_take * B;
      w_left <= w_left - w_take;
      w_beats <= w_take;
    end
    if (wvalid && m_axi_memory_wready && m_axi_memory_wvalid) wvalid <= 0;
    if (w_move) begin
      wvalid <= 1;
      wdata <= queue[q_out % DEPTH];
      wlast <= w_beats == 1;
      w_beats <= w_beats - 1;
      q_out <= q_out + 1;
    end
    waiting <= waiting + (w_go ? 1 : 0) - (answered ? 1 : 0);
    if (answered) begin
      seen <= seen + 1;
      if (waiting == 0) error[4] <= 1;
      if (m_axi_memory_bresp != 0) error[m_axi_memory_bresp] <= 1;
    end
    if (busy) cycles <= cycles + 1;
    if (busy && w_left == 0 && w_beats == 0 && !wvalid && waiting == 0)
        begin busy <= 0; done <= 1; end
    if (start) begin
      busy <= 1; done <= 0; error <= 0; seen <= 0; cycles <= 0;
      r_next <= source; w_next <= target; r_left <= words; w_left <= words; reserved <= 0;
          q_in <= 0; q_out <= 0;
    end
    if (!aresetn) begin
      {aw_full, w_full, b_full, r_full, busy, done, arvalid, awvalid, wvalid} <= 0;
      r_left <= 0; w_left <= 0; l_in <= 0; l_out <= 0; beat <= 0; w_beats <= 0; waiting <= 0;
          reserved <= 0; q_in <= 0; q_out <= 0;
    end
  end
endmodule
