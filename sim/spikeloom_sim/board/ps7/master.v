// The processor's side of MAXIGP0: turns the bench's register accesses into AXI3, with other IDs
// and bursts than a polite host would use.
//
// A read is one beat, or a FIXED burst whose last beat counts. A write is one beat, or a burst
// whose other beats strobe less than four bytes, which registers ignore. When the bench asks for
// nothing, bursts of all kinds read the constant registers 0x00 to 0x3F.
module ps7_master(
  input clk, input running, output reg [7:0] breach,
  input [15:0] bench_araddr, input bench_arvalid, output bench_arready,
  output [31:0] bench_rdata, output [1:0] bench_rresp, output bench_rvalid, input bench_rready,
  input [15:0] bench_awaddr, input bench_awvalid, output bench_awready,
  input [31:0] bench_wdata, input [3:0] bench_wstrb, input bench_wvalid, output bench_wready,
  output [1:0] bench_bresp, output bench_bvalid, input bench_bready,
  output reg [11:0] arid, output reg [31:0] araddr, output reg [3:0] arlen, output reg [1:0] arsize,
      output reg [1:0] arburst,
  output arvalid, input arready,
  input [11:0] rid, input [31:0] rdata, input [1:0] rresp, input rlast, input rvalid, output rready,
  output reg [11:0] awid, output reg [31:0] awaddr, output reg [3:0] awlen, output [1:0] awsize,
      output reg [1:0] awburst,
  output awvalid, input awready,
  output [11:0] wid, output [31:0] wdata, output [3:0] wstrb, output wlast, output wvalid,
      input wready,
  input [11:0] bid, input [1:0] bresp, input bvalid, output bready
);
  localparam BASE = 16'h4000, MAGIC = 32'h4D4C5053, PATIENCE = 200;
  localparam FIXED = 2'd0, INCR = 2'd1, WRAP = 2'd2;
  localparam IDLE = 2'd0, ASK = 2'd1, HEAR = 2'd2, ANSWER = 2'd3;

  reg [31:0] chance = 32'h2545F491;
  wire [31:0] c1 = chance ^ (chance << 13), c2 = c1 ^ (c1 >> 17);
  always @(posedge clk) chance <= c2 ^ (c2 << 5);

  // Reads.
  reg [1:0] reading = IDLE;
  reg own, seen [0:15];
  reg [31:0] known [0:15];
  reg [7:0] idle;
  reg [3:0] r_beat;
  reg [31:0] r_data;
  reg [1:0] r_resp;
  wire r_taken = rvalid & rready;
  // The address of a beat as the standard's formulas have it.
  wire [31:0] bytes = 32'd1 << arsize, total = bytes * ({28'd0, arlen} + 1), place = bytes * r_beat,
      lower = araddr / total * total;
  wire [31:0] beat_address = arburst == FIXED || r_beat == 0 ? araddr
    : arburst == INCR ? araddr / bytes * bytes + place
    : lower + (araddr - lower + place) % total;
  wire [3:0] word = beat_address[5:2];
  wire [31:0] expected = word == 0 ? MAGIC : known[word];

  // What is read for its own sake: within 64 bytes, WRAP aligned.
  wire [1:0] own_size = chance[7:6] == 3 ? 2'd2 : chance[7:6];
  wire [1:0] own_burst = chance[9:8] == 3 ? INCR : chance[9:8];
  wire [5:0] own_mask = own_burst == WRAP ? 6'h3F << own_size : 6'h3F;
  wire [5:0] own_place = chance[15:10] & own_mask;
  wire [5:0] beats_there = (6'h3F - own_place) >> own_size;
  wire [3:0] own_limit = beats_there > 15 ? 4'd15 : beats_there[3:0];
  wire [3:0] own_len = own_burst == WRAP ? (4'd2 << chance[17:16]) - 4'd1
    : own_burst == INCR && chance[19:16] > own_limit ? own_limit : chance[19:16];

  assign bench_arready = reading == IDLE;
  assign arvalid = reading == ASK;
  assign rready = reading == HEAR && chance[1:0] != 0;
  assign bench_rvalid = reading == ANSWER;
  assign bench_rdata = r_data;
  assign bench_rresp = r_resp;

  // Writes.
  reg [1:0] writing = IDLE;
  reg have_address, have_data, aw_gone, w_gone, aw_open, w_open, w_first;
  reg [15:0] address;
  reg [31:0] data, noise;
  reg [3:0] strobes, w_beat, w_place;
  reg [1:0] b_resp;
  // beats more than one
  wire [3:0] want = chance[21:20] == 0 ? {1'b0, chance[24:22]} : 4'd0;
  // those before the one that counts
  wire [3:0] ahead = chance[28:25] > want ? want : chance[28:25];
  wire around = want == 3 && chance[29];                                        // WRAP
  wire [3:0] fitting = {12'd0, ahead} > {2'd0, address[15:2]} ? 4'd0 : ahead;

  assign bench_awready = writing == IDLE && !have_address;
  assign bench_wready = writing == IDLE && !have_data;
  assign awvalid = writing == ASK && aw_open && !aw_gone;
  assign awsize = 2;
  assign wvalid = writing == ASK && w_open && !w_gone;
  assign wid = awid;
  assign wdata = w_beat == w_place ? data : noise;
  assign wstrb = w_beat == w_place ? strobes : noise[3:0] & ~(4'd1 << noise[5:4]);
  assign wlast = w_beat == awlen;
  assign bready = writing == HEAR && chance[3:2] != 0;
  assign bench_bvalid = writing == ANSWER;
  assign bench_bresp = b_resp;

  // What waits must stay.
  reg r_waits, b_waits;
  reg [46:0] r_before;
  reg [13:0] b_before;
  wire [46:0] r_now = {rid, rdata, rresp, rlast};
  wire [13:0] b_now = {bid, bresp};

  task broken(input [7:0] code);
    if (breach == 0) breach <= code;
  endtask

  integer k;
  initial begin
    breach = 0;
    for (k = 0; k < 16; k = k + 1) seen[k] = 0;
  end

  always @(posedge clk) begin
    case (reading)
      IDLE: begin
        idle <= idle + 1;
        arid <= chance[31:20];
        own <= !bench_arvalid;
        r_beat <= 0;
        if (bench_arvalid) begin
          araddr <= {BASE, bench_araddr};
          arlen <= chance[5:4] == 0 ? {2'd0, chance[7:6]} : 4'd0;
          arsize <= 2;
          arburst <= chance[5:4] == 0 ? FIXED : INCR;
          reading <= ASK;
        end else if (idle >= PATIENCE) begin
          araddr <= {BASE, 10'd0, own_place};
          arlen <= own_len;
          arsize <= own_size;
          arburst <= own_burst;
          reading <= ASK;
        end
      end
      ASK: begin
        idle <= 0;
        if (arready) reading <= HEAR;
      end
      HEAR: if (r_taken) begin
        r_data <= rdata;
        r_resp <= rresp;
        r_beat <= r_beat + 1;
        if (rid != arid) broken(2);
        if (rlast != (r_beat == arlen)) broken(3);
        if (own && rresp != 0) broken(6);
        if (own && (seen[word] || word == 0) && rdata != expected) broken(5);
        if (own) begin
          seen[word] <= 1;
          known[word] <= rdata;
        end
        if (r_beat == arlen) reading <= own ? IDLE : ANSWER;
      end
      ANSWER: if (bench_rready) reading <= IDLE;
    endcase

    if (bench_awvalid && bench_awready) begin
      have_address <= 1;
      address <= bench_awaddr;
    end
    if (bench_wvalid && bench_wready) begin
      have_data <= 1;
      data <= bench_wdata;
      strobes <= bench_wstrb;
    end
    case (writing)
      IDLE: if (have_address && have_data) begin
        awid <= chance[11:0] ^ chance[31:20];
        awaddr <= {BASE, address} - (around ? 32'd0 : {26'd0, fitting, 2'd0});
        awlen <= want;
        awburst <= around ? WRAP : INCR;
        w_place <= around ? 4'd0 : fitting;
        w_beat <= 0;
        noise <= chance;
        {aw_gone, w_gone, aw_open, w_open} <= 0;
        w_first <= chance[30];
        writing <= ASK;
      end
      ASK: begin
        // Address and data begin at times of their own, in either order.
        aw_open <= aw_open | (chance[4] & (~w_first | w_open));
        w_open <= (w_open & ~(wvalid & wready)) | (chance[5] & (w_first | aw_open)) ;
        if (awvalid && awready) aw_gone <= 1;
        if (wvalid && wready) begin
          noise <= chance;
          w_beat <= w_beat + 1;
          if (wlast) w_gone <= 1;
        end
        if (aw_gone && w_gone) writing <= HEAR;
      end
      HEAR: if (bvalid && bready) begin
        b_resp <= bresp;
        if (bid != awid) broken(8);
        {have_address, have_data} <= 0;
        writing <= ANSWER;
      end
      ANSWER: if (bench_bready) writing <= IDLE;
    endcase

    if (rvalid && reading != HEAR) broken(1);
    if (bvalid && writing != HEAR && !(writing == ASK && aw_gone && w_gone)) broken(7);
    if (r_waits && (!rvalid || r_now != r_before)) broken(4);
    if (b_waits && (!bvalid || b_now != b_before)) broken(9);
    r_waits <= rvalid && !rready;
    b_waits <= bvalid && !bready;
    r_before <= r_now;
    b_before <= b_now;

    if (!running) begin
      breach <= 0;
      reading <= IDLE;
      writing <= IDLE;
      idle <= 0;
      {have_address, have_data, r_waits, b_waits} <= 0;
    end
  end
endmodule
