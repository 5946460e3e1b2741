// A stand-in for the IP of Vitis HLS: its ports around the RTL core, which is called rtl_core here.
// When the last value of an image waits, it sends what each counter of the core has grown by, as
// the IP does with what it counted of the image.
module spikeloom_hls #(
    parameter BEAT_WIDTH = 8,
    parameter COUNTERS = 2,
    parameter ENGINES = 0
) (
    input wire ap_clk,
    input wire ap_rst_n,
    input wire [BEAT_WIDTH-1:0] s_axis_TDATA,
    input wire s_axis_TVALID,
    output wire s_axis_TREADY,
    output wire [31:0] m_axis_TDATA,
    output wire [3:0] m_axis_TKEEP,
    output wire [3:0] m_axis_TSTRB,
    output wire [0:0] m_axis_TLAST,
    output wire m_axis_TVALID,
    input wire m_axis_TREADY,
    output wire [63:0] counts_TDATA,
    output wire counts_TVALID,
    input wire counts_TREADY,
    input wire [4:0] steps
);
    reg [15:0] address = 2;
    reg [3:0] wait_cycles = 0;
    reg told = 0;
    wire [63:0] count;
    reg [63:0] earlier[0:COUNTERS-1];
    integer k;
    initial for (k = 0; k < COUNTERS; k = k + 1) earlier[k] = 0;

    rtl_core core (
        .clk(ap_clk),
        .rst(~ap_rst_n),
        .s_axis_tdata(s_axis_TDATA),
        .s_axis_tvalid(s_axis_TVALID),
        .s_axis_tready(s_axis_TREADY),
        .s_axis_tlast(1'b0),
        .m_axis_tdata(m_axis_TDATA),
        .m_axis_tvalid(m_axis_TVALID),
        .m_axis_tready(m_axis_TREADY),
        .m_axis_tlast(m_axis_TLAST[0]),
        .counter_address(address),
        .counter_data(count),
        .counter_clear(1'b0)
    );
    assign m_axis_TKEEP = 4'hf;
    assign m_axis_TSTRB = 4'hf;

    // As in C++ there is no telling why a process waits: neither stalled nor starved is counted.
    wire unknown = address < 2 + 4 * ENGINES && (address[1:0] == 2'b11 || address[1:0] == 2'b00);
    wire telling = m_axis_TVALID & m_axis_TLAST[0] & ~told;
    wire [63:0] grown = unknown ? 64'b0 : count - earlier[address];
    assign counts_TVALID = telling & (wait_cycles == 4'd10);
    assign counts_TDATA = {grown[47:0], address};

    always @(posedge ap_clk) begin
        if (!telling) begin
            address <= 2;
            wait_cycles <= 0;
        end else if (counts_TVALID & counts_TREADY) begin
            earlier[address] <= count;
            address <= address + 1;
            wait_cycles <= 0;
            if (address == COUNTERS - 1) told <= 1;
        end else if (wait_cycles != 4'd10) wait_cycles <= wait_cycles + 1;
        if ((m_axis_TVALID & m_axis_TREADY) | ~ap_rst_n) told <= 0;
        if (~ap_rst_n) address <= 2;
    end
endmodule
