# What every step needs: progress, and errors that say what this Vivado lacks.

set step_number 0

# Progress is read from these lines.
proc spikeloom::step {name} {
    global setting step_number
    incr step_number
    puts "spikeloom: step $step_number/$setting(steps) $name"
    flush stdout
}

proc spikeloom::check_installation {} {
    global setting
    puts "spikeloom: Vivado [version -short]"
    if {[llength [get_parts -quiet $setting(part)]] == 0} {
        set missing "part $setting(part) is not installed in this Vivado"
        error "$missing; add its device family with Vivado's own installer"
    }
}

# The newest version in this Vivado's catalogue of an IP core by its name.
proc spikeloom::newest {name} {
    set found [lsort -dictionary [get_ipdefs -quiet "xilinx.com:ip:$name:*"]]
    if {[llength $found] == 0} {
        error "IP core $name is not in this Vivado's catalogue"
    }
    return [lindex $found end]
}

# Weights that rtl/top.v reads from files. Vivado finds them by their names alone once it knows
# them.
proc spikeloom::memory_files {} {
    global here
    return [lsort [glob -nocomplain -directory [file join $here rtl] *.mem]]
}

# An object that must be there; what says how errors call it.
proc spikeloom::the {objects what} {
    if {[llength $objects] == 0} {
        error "expected $what, this Vivado made none"
    }
    return $objects
}

# Files of one name anywhere below a folder: Vivado's versions differ in where they write.
proc spikeloom::find_below {folder name} {
    set found [glob -nocomplain -types f -directory $folder -- $name]
    foreach below [glob -nocomplain -types d -directory $folder -- *] {
        set found [concat $found [find_below $below $name]]
    }
    return [lsort $found]
}
