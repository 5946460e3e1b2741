# Vitis HLS 2022.2 to 2025.2, from this folder: vitis_hls -f hls.tcl, or vitis-run --mode hls --tcl
# hls.tcl. C simulation, synthesis, the IP for Vivado; cosimulation where the variable
# SPIKELOOM_COSIM is 1.

set here [file normalize [file dirname [info script]]]
source [file join $here settings.tcl]
set flags "-std=c++17 -I$here/include -I$here"

open_project -reset vitis
set_top spikeloom_hls
add_files [file join $here top.cpp] -cflags $flags
add_files -tb [file join $here testbench.cpp] -cflags $flags
foreach vector {input.npy expected.npy} {
    add_files -tb [file join $here $vector]
}

open_solution -reset solution -flow_target vivado
set_part $setting(part)
create_clock -period $setting(period_ns) -name default
config_export -format ip_catalog -rtl verilog -display_name $setting(name)

csim_design
csynth_design
if {[info exists ::env(SPIKELOOM_COSIM)] && $::env(SPIKELOOM_COSIM) eq "1"} {
    cosim_design -rtl verilog
}
export_design
exit
