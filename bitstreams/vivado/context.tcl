# The shell with its network alone, out of context: size and timing after synthesis, in minutes.

proc spikeloom::synthesise_alone {} {
    global here setting
    step "read the shell"
    create_project -in_memory -part $setting(part)
    read_verilog [list [file join $here rtl shell.v] [file join $here rtl top.v]]
    set memories [memory_files]
    if {[llength $memories] > 0} {
        read_mem $memories
    }
    read_xdc -mode out_of_context [file join $here clock.xdc]
    step "synthesis out of context"
    synth_design -top shell -part $setting(part) -mode out_of_context -flatten_hierarchy rebuilt
    step "reports"
    write_reports
}
