# The block design: processing system, reset, two interconnects, the shell.
#
#     processing system ── control port ──► control ──► shell_0
#     processing system ── memory port ◄── memory ◄──── shell_0

proc spikeloom::make_system {} {
    global here setting
    step "block design"
    create_project -force system [file join $here work system] -part $setting(part)
    set preset [choose_board]
    set_property ip_repo_paths [file join $here work ip] [current_project]
    update_ip_catalog
    create_bd_design system
    make_processing_system $preset
    create_bd_cell -type ip -vlnv spikeloom:spikeloom:shell:1.0 shell_0
    make_reset
    make_interconnect control "$setting(cell)/$setting(control)" shell_0/s_axi_control
    make_interconnect memory shell_0/m_axi_memory "$setting(cell)/$setting(memory)"
    connect_clock
    assign_addresses
    validate_bd_design
    save_bd_design
    step "generate the block design"
    set design [the [get_files system.bd] "the file of the block design"]
    # One synthesis run over everything: no run of its own for each core.
    set_property synth_checkpoint_mode None $design
    generate_target all $design
    add_files -norecurse [list [make_wrapper -files $design -top]]
    set_property top system_wrapper [current_fileset]
    update_compile_order -fileset sources_1
}

# Whether this Vivado has the files of the board, and so a preset of its processing system.
proc spikeloom::choose_board {} {
    global setting
    if {$setting(board_part) eq ""} {
        return 0
    }
    set found [lsort -dictionary [get_board_parts -quiet $setting(board_part)]]
    if {[llength $found] == 0} {
        set missing "spikeloom: no board files for $setting(board_part)"
        set rest "DDR and pins are set up by the boot image"
        puts "$missing: the processing system keeps its defaults, $rest"
        return 0
    }
    set_property board_part [lindex $found end] [current_project]
    return 1
}

proc spikeloom::make_processing_system {preset} {
    global setting
    set cell [create_bd_cell -type ip -vlnv [newest $setting(core)] $setting(cell)]
    if {$preset} {
        apply_bd_automation -rule $setting(board_rule) -config {apply_board_preset "1"} $cell
    }
    set values {}
    foreach {name value} $setting(system) {
        lappend values CONFIG.$name $value
    }
    set_property -dict $values $cell
    foreach {name vlnv} $setting(ports) {
        create_bd_intf_port -mode Master -vlnv $vlnv $name
        connect_bd_intf_net [port $setting(cell)/$name] [get_bd_intf_ports $name]
    }
}

proc spikeloom::make_reset {} {
    global setting
    create_bd_cell -type ip -vlnv [newest proc_sys_reset] reset_0
    connect_bd_net [pin $setting(cell)/$setting(reset)] [pin reset_0/ext_reset_in]
}

proc spikeloom::make_interconnect {name from to} {
    set cell [create_bd_cell -type ip -vlnv [newest smartconnect] $name]
    set_property -dict {CONFIG.NUM_SI 1 CONFIG.NUM_MI 1} $cell
    connect_bd_intf_net [port $from] [port $name/S00_AXI]
    connect_bd_intf_net [port $name/M00_AXI] [port $to]
}

# One clock for all, and the resets that belong to it.
proc spikeloom::connect_clock {} {
    global setting
    set clock [pin $setting(cell)/$setting(clock)]
    set sinks {reset_0/slowest_sync_clk shell_0/aclk control/aclk memory/aclk}
    lappend sinks $setting(cell)/$setting(control_clock) $setting(cell)/$setting(memory_clock)
    foreach sink $sinks {
        connect_bd_net $clock [pin $sink]
    }
    # One reset for all: interconnect_aresetn ends earlier, and an access that waits would reach a
    # shell that is still in reset.
    connect_bd_net [pin reset_0/peripheral_aresetn] [pin control/aresetn] [pin memory/aresetn] \
        [pin shell_0/aresetn]
}

proc spikeloom::assign_addresses {} {
    global setting
    set found [get_bd_addr_segs -quiet shell_0/s_axi_control/*]
    set registers [the $found "the registers of the shell as an address segment"]
    set found [get_bd_addr_spaces -quiet $setting(cell)/Data]
    set processor [the $found "the address space of the processing system"]
    assign_bd_address -offset $setting(base) -range $setting(range) \
        -target_address_space $processor $registers
    set found [get_bd_addr_spaces -quiet shell_0/m_axi_memory]
    set master [the $found "the address space of the shell"]
    set memory {}
    foreach segment [get_bd_addr_segs -quiet $setting(cell)/$setting(memory_segments)/*] {
        if {[string match *DDR_LOW* $segment]} {
            lappend memory $segment
        } else {
            exclude_bd_addr_seg -target_address_space $master $segment
        }
    }
    assign_bd_address -target_address_space $master [the $memory "DDR memory at $setting(memory)"]
}

proc spikeloom::pin {name} {
    return [the [get_bd_pins -quiet $name] "a pin $name in the block design"]
}

proc spikeloom::port {name} {
    return [the [get_bd_intf_pins -quiet $name] "a port $name in the block design"]
}
