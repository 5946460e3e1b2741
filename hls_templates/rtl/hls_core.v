// The HLS core behind the ports of the RTL core: clock, reset, streams, counters
// (docs/reference/hls.md).
//
//   s_axis --> spikeloom_hls --> m_axis --> hold the last value until it is counted --> m_axis
//                   +--> counts --> counters
//
// The IP sends a record per counter and image, {value[47:0], address[15:0]}. Active cycles and
// images are counted here; what an accumulator array did not work in an active cycle counts as
// starved, since C++ does not see why a process waits.
module hls_core #(
    parameter BEAT_WIDTH = 8,
    parameter BEATS = 1,    // of an image
    parameter COUNTERS = 2,
    parameter ENGINES = 0,  // of four counters each, from address 2 on
    parameter RECORDS = 1   // of an image
) (
    input wire clk,
    input wire rst,
    input wire [BEAT_WIDTH-1:0] s_axis_tdata,
    input wire s_axis_tvalid,
    output wire s_axis_tready,
    output wire [31:0] m_axis_tdata,
    output wire m_axis_tvalid,
    input wire m_axis_tready,
    output wire m_axis_tlast,
    input wire [15:0] counter_address,
    output reg [63:0] counter_data,
    input wire counter_clear,
    input wire [4:0] steps
);
    wire core_valid, core_ready, core_last;
    wire record_valid, record_ready;
    wire [63:0] record;
    wire [3:0] keep, strb;  // all ones

    spikeloom_hls core (
        .ap_clk(clk),
        .ap_rst_n(~rst),
        .s_axis_TDATA(s_axis_tdata),
        .s_axis_TVALID(s_axis_tvalid),
        .s_axis_TREADY(s_axis_tready),
        .m_axis_TDATA(m_axis_tdata),
        .m_axis_TKEEP(keep),
        .m_axis_TSTRB(strb),
        .m_axis_TLAST(core_last),
        .m_axis_TVALID(core_valid),
        .m_axis_TREADY(core_ready),
        .counts_TDATA(record),
        .counts_TVALID(record_valid),
        .counts_TREADY(record_ready),
        .steps(steps)
    );

    // Images whose records have all come, and whose last value has not left.
    reg [15:0] counted = 0;
    reg [15:0] records = 0;
    wire held = core_last & (counted == 0);
    wire all_counted = record_valid & (records == RECORDS - 1);
    wire sent = m_axis_tvalid & m_axis_tready;
    wire finished = sent & m_axis_tlast;

    assign record_ready = 1'b1;
    assign m_axis_tvalid = core_valid & ~held;
    assign m_axis_tlast = core_last;
    assign core_ready = m_axis_tready & ~held;

    // An image is in flight from the cycle after its first beat to the cycle of its last value.
    reg [31:0] beats = 0;
    reg [15:0] flight = 0;
    wire accepted = s_axis_tvalid & s_axis_tready;
    wire started = accepted & (beats == 0);

    always @(posedge clk) begin
        if (rst) begin
            beats <= 0;
            flight <= 0;
            counted <= 0;
            records <= 0;
        end else begin
            if (accepted) beats <= beats == BEATS - 1 ? 0 : beats + 1;
            flight <= flight + {15'b0, started} - {15'b0, finished};
            counted <= counted + {15'b0, all_counted} - {15'b0, finished};
            if (record_valid) records <= all_counted ? 0 : records + 1;
        end
    end

    // Counters outlive a reset. What was not written since the last clear is zero.
    localparam INDEX = COUNTERS > 1 ? $clog2(COUNTERS) : 1;
    reg [63:0] kept[0:COUNTERS-1];
    reg [COUNTERS-1:0] written = 0;
    reg [63:0] cycles = 0;
    reg [63:0] images = 0;
    wire [INDEX-1:0] target = record[INDEX-1:0];
    wire [63:0] so_far = written[target] ? kept[target] : 64'b0;

    always @(posedge clk) begin
        if (counter_clear) begin
            cycles <= 0;
            images <= 0;
            written <= 0;
        end else begin
            if (!rst && flight != 0) cycles <= cycles + 1;
            if (!rst && finished) images <= images + 1;
            if (!rst && record_valid) written[target] <= 1'b1;
        end
        if (record_valid) kept[target] <= so_far + {16'b0, record[63:16]};
    end

    wire waits = counter_address >= 2 && counter_address < 2 + 4 * ENGINES
        && counter_address[1:0] == 2'b00;
    wire [15:0] looked = waits ? counter_address - 16'd2 : counter_address;
    wire [INDEX-1:0] place = looked[INDEX-1:0];
    wire [63:0] found = looked < COUNTERS && written[place] ? kept[place] : 64'b0;

    always @(posedge clk) begin
        if (counter_address == 0) counter_data <= cycles;
        else if (counter_address == 1) counter_data <= images;
        else if (waits) counter_data <= cycles > found ? cycles - found : 64'b0;
        else counter_data <= found;
    end
endmodule
