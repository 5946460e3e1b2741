// Designs of known depth, made of the cells of a 7-series FPGA.
module chain #(parameter N = 5) (input clk, input d, output q);
    wire [N:0] w;
    FDRE first (.C(clk), .CE(1'b1), .R(1'b0), .D(d), .Q(w[0]));
    genvar k;
    generate for (k = 0; k < N; k = k + 1) begin : step
        LUT6 #(.INIT(64'h2)) lut (.O(w[k + 1]), .I0(w[k]), .I1(1'b0), .I2(1'b0), .I3(1'b0),
            .I4(1'b0), .I5(1'b0));
    end endgenerate
    FDRE last (.C(clk), .CE(1'b1), .R(1'b0), .D(w[N]), .Q(q));
endmodule

module chain12 (input clk, input d, output q);
    chain #(.N(12)) inner (.clk(clk), .d(d), .q(q));
endmodule

// 4 * N bits: the lowest bit's LUT into the first carry, the last carry into its slowest sum.
module adder #(parameter N = 4) (input clk, input d, output [4 * N - 1:0] q);
    wire a, s;
    wire [N:0] carry;
    wire [4 * N - 1:0] sum, co;
    FDRE first (.C(clk), .CE(1'b1), .R(1'b0), .D(d), .Q(a));
    LUT2 #(.INIT(4'h6)) low (.O(s), .I0(a), .I1(1'b0));
    assign carry[0] = 1'b0;
    genvar k;
    generate for (k = 0; k < N; k = k + 1) begin : step
        CARRY4 four (.CO(co[4 * k +: 4]), .O(sum[4 * k +: 4]), .CI(carry[k]), .CYINIT(1'b0),
            .DI(4'b0), .S({3'b111, k == 0 ? s : 1'b1}));
        assign carry[k + 1] = co[4 * k + 3];
    end endgenerate
    FDRE last [4 * N - 1:0] (.C(clk), .CE(1'b1), .R(1'b0), .D(sum), .Q(q));
endmodule

module queue (input clk, input [4:0] a, input x, output q);
    wire [1:0] read;
    wire y;
    RAM32M store (.WCLK(clk), .WE(1'b1), .DIA(2'b0), .DIB(2'b0), .DIC(2'b0), .DID(2'b0), .ADDRA(a),
        .ADDRB(a), .ADDRC(a), .ADDRD(a), .DOA(read));
    LUT2 #(.INIT(4'h8)) both (.O(y), .I0(read[1]), .I1(x));
    FDRE last (.C(clk), .CE(1'b1), .R(1'b0), .D(y), .Q(q));
endmodule

module rom (input clk, input [13:0] a, output q);
    wire [15:0] read;
    wire y;
    RAMB18E1 store (.CLKARDCLK(clk), .ADDRARDADDR(a), .ENARDEN(1'b1), .DOADO(read));
    LUT6 #(.INIT(64'h2)) lut (.O(y), .I0(read[3]), .I1(1'b0), .I2(1'b0), .I3(1'b0), .I4(1'b0),
        .I5(1'b0));
    FDRE last (.C(clk), .CE(1'b1), .R(1'b0), .D(y), .Q(q));
endmodule

module address (input clk, input d, output [15:0] q);
    wire a;
    FDRE first (.C(clk), .CE(1'b1), .R(1'b0), .D(d), .Q(a));
    RAMB18E1 store (.CLKARDCLK(clk), .ADDRARDADDR({14{a}}), .ENARDEN(1'b1), .DOADO(q));
endmodule

module enabled (input clk, input d, output q);
    wire on;
    FDRE first (.C(clk), .CE(1'b1), .R(1'b0), .D(d), .Q(on));
    FDRE last (.C(clk), .CE(on), .R(1'b0), .D(1'b1), .Q(q));
endmodule

module cleared (input clk, input d, output q);
    wire off;
    FDRE first (.C(clk), .CE(1'b1), .R(1'b0), .D(d), .Q(off));
    FDSE last (.C(clk), .CE(1'b1), .S(off), .D(1'b0), .Q(q));
endmodule

module wide (input clk, input [2:0] d, output q);
    wire [2:0] w;
    wire y, z;
    FDRE low (.C(clk), .CE(1'b1), .R(1'b0), .D(d[0]), .Q(w[0]));
    MUXF7 seven (.O(y), .I0(1'b0), .I1(1'b1), .S(w[0]));
    MUXF8 eight (.O(z), .I0(y), .I1(1'b1), .S(1'b0));
    FDRE last (.C(clk), .CE(1'b1), .R(1'b0), .D(z), .Q(q));
endmodule

// A wire straight through a module, an output twice, a constant at a port, an output that is open.
module through (input i, input c, output o, output o2, output n, output open);
    assign o = i;
    assign o2 = i;
    LUT2 #(.INIT(4'h6)) lut (.O(n), .I0(i), .I1(c));
    assign open = n;
endmodule

module nested (input clk, input d, output q);
    wire a, b, b2, c, e;
    FDRE first (.C(clk), .CE(1'b1), .R(1'b0), .D(d), .Q(a));
    through one (.i(a), .c(1'b1), .o(b), .o2(b2), .n());
    through two (.i(b), .c(b2), .o(), .o2(), .n(c));
    through three (.i(c), .c(1'b0), .o(), .o2(), .n(e));
    FDRE last (.C(clk), .CE(1'b1), .R(1'b0), .D(e), .Q(q));
endmodule

module loop (input clk, input d, output q);
    wire x, y;
    LUT2 #(.INIT(4'h6)) one (.O(x), .I0(y), .I1(d));
    LUT2 #(.INIT(4'h6)) two (.O(y), .I0(x), .I1(d));
    FDRE last (.C(clk), .CE(1'b1), .R(1'b0), .D(y), .Q(q));
endmodule

module strange (input clk, input d, output q);
    wire y;
    DSP48E1 product (.CLK(clk), .A({30{d}}), .P(y));
    FDRE last (.C(clk), .CE(1'b1), .R(1'b0), .D(y), .Q(q));
endmodule

module counted (input clk, input [63:0] d, output [63:0] q);
    LUT1 a (.O(q[0]), .I0(d[0]));
    LUT6 b (.O(q[1]), .I0(d[0]));
    LUT6_2 c (.O6(q[2]), .O5(q[3]), .I0(d[0]));
    INV i (.O(q[4]), .I(d[1]));
    CARRY4 e (.CO(q[8:5]), .S(d[3:0]));
    MUXF7 f (.O(q[9]), .I0(d[0]), .I1(d[1]), .S(d[2]));
    FDRE g (.C(clk), .CE(1'b1), .R(1'b0), .D(d[0]), .Q(q[10]));
    FDSE h (.C(clk), .CE(1'b1), .S(1'b0), .D(d[0]), .Q(q[11]));
    RAM32M j (.WCLK(clk), .WE(1'b1), .DOA(q[13:12]));
    RAM64M k (.WCLK(clk), .WE(1'b1), .DOA(q[14]));
    RAM32X1D l (.WCLK(clk), .WE(1'b1), .D(d[0]), .SPO(q[15]));
    RAM128X1D m (.WCLK(clk), .WE(1'b1), .D(d[0]), .SPO(q[16]));
    SRL16E n (.CLK(clk), .CE(1'b1), .D(d[0]), .Q(q[17]));
    SRLC32E o (.CLK(clk), .CE(1'b1), .D(d[0]), .Q(q[18]));
    RAMB18E1 p (.CLKARDCLK(clk), .DOADO(q[34:19]));
    RAMB36E1 r (.CLKARDCLK(clk));
    DSP48E1 s (.CLK(clk), .P(q[40:35]));
    RAM32M16 t (.WCLK(clk), .WE(1'b1), .DOA(q[42:41]));
endmodule
