"""Commands that the flow may use, with the options that Vivado 2022.2 to 2025.2 has for each
(UG835, and UG1118 for ``ipx``).
"""

from __future__ import annotations

from dataclasses import dataclass


class TclFailure(Exception):
    """A command of Vivado ends with this message."""


def row(flags: str = "", values: str = "") -> tuple[set[str], set[str]]:
    return {f"-{name}" for name in f"{flags} quiet verbose".split()}, {
        f"-{name}" for name in values.split()
    }


SEARCH = row("regexp hierarchical", "filter of_objects")
IPX = row("regexp nocase", "filter of_objects")

OPTIONS = {
    "version": row("short"),
    "get_parts": row("regexp nocase", "filter of_objects"),
    "get_board_parts": row(
        "regexp nocase latest_file_version latest_hw_revision", "filter of_objects"
    ),
    "create_project": row("force in_memory ip rtl_kernel", "part"),
    "close_project": row("delete"),
    "current_project": row(),
    "current_fileset": row("constrset simset blockset"),
    "current_design": row(),
    "add_files": row("norecurse scan_for_includes", "fileset of_objects copy_to"),
    "read_verilog": row("sv", "library"),
    "read_mem": row(""),
    "read_xdc": row("unmanaged no_add", "cells ref mode"),
    "get_files": row("regexp nocase norecurse all", "filter of_objects compile_order used_in"),
    "set_property": row("", "dict"),
    "get_property": row("min max"),
    "update_compile_order": row("force_gui", "fileset"),
    "update_ip_catalog": row(
        "rebuild", "add_ip delete_ip delete_mult_ip disable_ip enable_ip add_interface repo_path"
    ),
    "get_ipdefs": row("regexp nocase all", "filter of_objects"),
    "generate_target": row("force"),
    "make_wrapper": row("top testbench inst_template import force", "files fileset"),
    "create_bd_design": row("bdsource", "dir cell"),
    "save_bd_design": row("as"),
    "validate_bd_design": row("force design include_pfm"),
    "create_bd_cell": row("revision", "vlnv type reference"),
    "create_bd_intf_port": row("", "vlnv mode"),
    "connect_bd_net": row("boundary_type", "net"),
    "connect_bd_intf_net": row("boundary_type", "intf_net"),
    "apply_bd_automation": row("opts dict", "rule config"),
    "get_bd_pins": SEARCH,
    "get_bd_intf_pins": SEARCH,
    "get_bd_intf_ports": SEARCH,
    "get_bd_addr_segs": row(
        "regexp hierarchical excluded addressed unaddressed addressing addressables",
        "filter of_objects",
    ),
    "get_bd_addr_spaces": SEARCH,
    "assign_bd_address": row(
        "force external combine_segments",
        "target_address_space boundary offset range import_from_file master_range dict",
    ),
    "exclude_bd_addr_seg": row("", "target_address_space"),
    "synth_design": row(
        "assert rtl bufg sfcu no_lc no_srlextract keep_equivalent_registers debug_log",
        "name part constrset top include_dirs generic verilog_define flatten_hierarchy"
        " gated_clock_conversion directive mode fanout_limit fsm_extraction resource_sharing"
        " cascade_dsp control_set_opt_threshold max_bram max_uram max_dsp shreg_min_size",
    ),
    "opt_design": row(
        "retarget propconst sweep bram_power_opt remap resynth_area debug_log", "directive"
    ),
    "place_design": row(
        "no_timing_driven timing_summary unplace post_place_opt no_psip no_bufg_opt ultrathreads",
        "directive",
    ),
    "phys_opt_design": row(
        "fanout_opt placement_opt routing_opt slr_crossing_opt rewire insert_negative_edge_ffs",
        "directive",
    ),
    "route_design": row(
        "unroute release_memory physical_nets preserve tns_cleanup ultrathreads",
        "directive nets delay max_delay min_delay",
    ),
    "report_utilization": row(
        "append pblocks_all return_string hierarchical hierarchical_percentages",
        "file pblocks cells hierarchical_depth name slr format",
    ),
    "report_timing_summary": row(
        "check_timing_verbose no_check_timing no_header setup hold append unique_pins routable_nets"
        " return_string warn_on_violation report_unconstrained no_detailed_paths",
        "delay_type max_paths nworst path_type label_reused input_pins slack_lesser_than file"
        " significant_digits name cells rpx",
    ),
    "report_timing": row(
        "setup hold append unique_pins no_report_unconstrained no_header return_string"
        " warn_on_violation routable_nets",
        "from to through delay_type max_paths nworst path_type sort_by group slack_lesser_than file"
        " significant_digits name cells rpx",
    ),
    "report_power": row(
        "no_propagation hier return_string append advisory",
        "file format name rpx hierarchical_depth xpe l",
    ),
    "get_timing_paths": row(
        "setup hold unique_pins no_report_unconstrained",
        "from to through delay_type max_paths nworst sort_by group slack_lesser_than cell filter",
    ),
    "write_bitstream": row(
        "force raw_bitfile mask_file no_binary_bitfile bin_file no_partial_bitfile"
        " logic_location_file",
        "cell reference_bitfile",
    ),
    "ipx::package_project": row(
        "import_files generated_files force", "root_dir vendor library taxonomy module set_current"
    ),
    "ipx::current_core": row(),
    "ipx::get_bus_interfaces": IPX,
    "ipx::get_bus_parameters": IPX,
    "ipx::add_bus_parameter": row(),
    "ipx::associate_bus_interfaces": row("remove clear", "busif clock reset target_clock"),
    "ipx::get_memory_maps": IPX,
    "ipx::add_memory_map": row(),
    "ipx::get_address_blocks": IPX,
    "ipx::add_address_block": row(),
    "ipx::get_address_spaces": IPX,
    "ipx::add_address_space": row(),
    "ipx::create_xgui_files": row(),
    "ipx::update_checksums": row(),
    "ipx::save_core": row(),
}


@dataclass(frozen=True)
class Call:
    """A command with its arguments: ``options`` by name (a flag is ""), the others in order."""

    name: str
    options: dict[str, str]
    rest: tuple[str, ...]

    def one(self) -> str:
        """The only argument."""
        if len(self.rest) != 1:
            raise TclFailure(f"{self.name}: expected one argument, got {self.rest}")
        return self.rest[0]


def parse(name: str, arguments: tuple[str, ...]) -> Call:
    """Raises TclFailure for an option that the command does not have, has twice, or that lacks its
    value.
    """
    flags, values = OPTIONS[name]
    options: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or word[1:].isdigit():
            rest.append(word)
            continue
        if word in options or word not in flags | values:
            raise TclFailure(f"[Common 17-170] Unknown option '{word}' of {name}")
        if word in values and not waiting:
            raise TclFailure(f"[Common 17-157] Missing value for option '{word}' of {name}")
        options[word] = waiting.pop(0) if word in values else ""
    return Call(name, options, tuple(rest))
