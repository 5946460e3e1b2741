# rtl/shell.v, rtl/top.v and the memories that it reads become the IP core
# spikeloom:spikeloom:shell:1.0 in work/ip.

proc spikeloom::package_shell {} {
    global here setting
    step "package the shell"
    create_project -force package [file join $here work package] -part $setting(part)
    set verilog [list [file join $here rtl shell.v] [file join $here rtl top.v]]
    add_files -norecurse [concat $verilog [memory_files]]
    set_property top shell [current_fileset]
    update_compile_order -fileset sources_1
    ipx::package_project -root_dir [file join $here work ip] -vendor spikeloom -library spikeloom \
        -taxonomy /UserIP -import_files -set_current true
    set core [the [ipx::current_core] "a packaged core"]
    set_property name shell $core
    set_property version 1.0 $core
    set_property display_name "SpikeLoom shell" $core
    describe_clock $core
    describe_control $core
    describe_memory $core
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    ipx::save_core $core
    close_project
}

# A bus that Vivado inferred from the names of the ports.
proc spikeloom::bus {core name} {
    set found [ipx::get_bus_interfaces -quiet $name -of_objects $core]
    return [the $found "a bus $name inferred from the ports of rtl/shell.v"]
}

proc spikeloom::bus_parameter {bus name value} {
    set found [ipx::get_bus_parameters -quiet $name -of_objects $bus]
    if {[llength $found] == 0} {
        set found [ipx::add_bus_parameter $name $bus]
    }
    set_property value $value $found
}

proc spikeloom::describe_clock {core} {
    bus $core aclk
    bus_parameter [bus $core aresetn] POLARITY ACTIVE_LOW
    foreach name {s_axi_control m_axi_memory} {
        bus $core $name
        ipx::associate_bus_interfaces -busif $name -clock aclk $core
    }
    ipx::associate_bus_interfaces -clock aclk -reset aresetn $core
}

# The registers: one block.
proc spikeloom::describe_control {core} {
    global setting
    set map [ipx::get_memory_maps -quiet s_axi_control -of_objects $core]
    if {[llength $map] == 0} {
        set map [ipx::add_memory_map s_axi_control $core]
        set_property slave_memory_map_ref s_axi_control [bus $core s_axi_control]
    }
    set block [lindex [ipx::get_address_blocks -quiet * -of_objects $map] 0]
    if {$block eq ""} {
        set block [ipx::add_address_block reg0 $map]
    }
    set_property range $setting(range) $block
    set_property width 32 $block
    set_property usage register $block
}

# What the reader and the writer ask for: the interconnect is built for it.
proc spikeloom::describe_memory {core} {
    global setting
    set space [ipx::get_address_spaces -quiet m_axi_memory -of_objects $core]
    if {[llength $space] == 0} {
        set space [ipx::add_address_space m_axi_memory $core]
        set_property master_address_space_ref m_axi_memory [bus $core m_axi_memory]
    }
    set_property range [expr {1 << $setting(address_width)}] $space
    foreach {name value} $setting(memory_bus) {
        bus_parameter [bus $core m_axi_memory] $name $value
    }
}
