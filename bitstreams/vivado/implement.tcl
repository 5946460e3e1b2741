# Synthesis, place and route, reports, and the bitstream if timing is met.

proc spikeloom::implement_system {} {
    global here setting
    step "synthesis"
    synth_design -top system_wrapper -part $setting(part) -flatten_hierarchy rebuilt
    sign_bitstream
    step "optimise"
    opt_design
    step "place"
    place_design
    step "optimise after placement"
    phys_opt_design
    step "route"
    route_design
    step "reports"
    write_reports
    report_power -file [file join $here report power.rpt]
    check_timing
    step "bitstream"
    write_result
}

# The bitstream will say which manifest it belongs to. Early: what this Vivado does not take should
# not cost a whole run.
proc spikeloom::sign_bitstream {} {
    global setting
    set_property BITSTREAM.GENERAL.COMPRESS FALSE [current_design]
    set_property BITSTREAM.CONFIG.USERID $setting(user_id) [current_design]
    set_property BITSTREAM.CONFIG.USR_ACCESS $setting(user_id) [current_design]
}

# report/ stays also where timing is not met: it says why.
proc spikeloom::write_reports {} {
    global here
    set folder [file join $here report]
    file mkdir $folder
    report_utilization -file [file join $folder utilization.rpt]
    report_utilization -hierarchical -file [file join $folder hierarchy.rpt]
    report_timing_summary -max_paths 1 -file [file join $folder timing_summary.rpt]
    report_timing -delay_type max -max_paths 10 -nworst 1 -sort_by slack \
        -file [file join $folder timing_setup.rpt]
    report_timing -delay_type min -max_paths 10 -nworst 1 -sort_by slack \
        -file [file join $folder timing_hold.rpt]
}

proc spikeloom::check_timing {} {
    foreach delay {max min} {
        set paths [get_timing_paths -quiet -delay_type $delay -max_paths 1 -nworst 1]
        set path [the $paths "a constrained path"]
        set slack [slack_of [get_property SLACK $path]]
        if {$slack < 0} {
            error "timing not met: slack $slack ns ($delay delay); see report/timing_summary.rpt"
        }
    }
    set slack [slack_of [pulse_width_slack]]
    if {$slack <= 0} {
        error "timing not met: pulse width slack $slack ns; see report/timing_summary.rpt"
    }
}

# Tcl takes inf and nan for numbers, and these are what a design without a clock may have.
proc spikeloom::slack_of {text} {
    if {![regexp {^-?[0-9]{1,6}(\.[0-9]{0,6})?$} $text]} {
        error "expected a slack in ns, found '$text': no clock reaches the design"
    }
    return $text
}

# No path knows of pulse widths: the summary does, in a column of its own.
proc spikeloom::pulse_width_slack {} {
    set summary [report_timing_summary -no_detailed_paths -return_string]
    if {![regexp -line {^ *(WNS\(ns\).*)\n[- ]+\n(.*)$} $summary -> names values]} {
        error "expected a design timing summary, this Vivado made none"
    }
    set column [lsearch -exact [regexp -all -inline {\S+(?: \S+)*} $names] "WPWS(ns)"]
    return [lindex [regexp -all -inline {\S+} $values] $column]
}

# Both files appear at once, or none.
proc spikeloom::write_result {} {
    global here setting
    set folder [file join $here work result]
    file mkdir $folder
    write_bitstream -force [file join $folder $setting(file).bit]
    set found [find_below [file join $here work system] system.hwh]
    set handoff [the $found "a hardware handoff file system.hwh"]
    file copy [lindex $handoff 0] [file join $folder $setting(file).hwh]
    file rename $folder [file join $here out]
}
