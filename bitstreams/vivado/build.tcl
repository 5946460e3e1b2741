# Builds this folder with Vivado 2022.2 to 2025.2, without its windows:
#
#     vivado -mode batch -notrace -source build.tcl
#
# settings.tcl says for which network and board. Leaves report/ and, if timing is met, out/; the
# project in work/ is removed however it ends.

namespace eval spikeloom {}

set here [file dirname [file normalize [info script]]]
foreach part {settings checks package system implement context} {
    source [file join $here $part.tcl]
}

proc spikeloom::build {} {
    global here setting
    file mkdir [file join $here work]
    # Vivado leaves small files where it stands.
    cd [file join $here work]
    check_installation
    if {$setting(ooc)} {
        synthesise_alone
        return
    }
    package_shell
    make_system
    implement_system
}

proc spikeloom::tidy {} {
    global here
    catch {close_project -quiet}
    cd $here
    file delete -force [file join $here work]
}

file delete -force [file join $here out] [file join $here report] [file join $here work]
set failed [catch spikeloom::build message]
if {[catch spikeloom::tidy untidy]} {
    puts "WARNING: spikeloom: work/ could not be removed: $untidy"
}
if {$failed} {
    puts "ERROR: spikeloom: $message"
    exit 1
}
puts "spikeloom: done"
exit 0
