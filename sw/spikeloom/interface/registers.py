"""The registers of the shell: one description for the hardware, the driver, the hwh and the
documentation.

A bus of 32 bits, one word per access, byte addresses. A register of 64 bits is read low half first:
that read keeps the high half for the next one, so that the two belong together while the network
runs.
"""

from __future__ import annotations

from dataclasses import dataclass

MAGIC = 0x4D4C_5053
"""What the first register reads: the bytes ``SPLM``."""

VERSION = 3
"""Of this description and of how images lie in memory; the driver refuses another one."""

ADDRESS_WIDTH = 16
"""Bits of a byte address on the control bus."""

COUNTERS = 0x1000
"""Byte address of the first counter in fabric, 64 bits each; their names and order are in the
manifest.
"""

LOG = 0x8000
"""Byte address of the log of the last images: latency (32 bits) and interval (32 bits) of each,
both in cycles.
"""

LOG_DEPTH = 512
"""Images in the log, a ring: image k since the last clear is at entry k modulo this."""

MAX_COUNTERS = (LOG - COUNTERS) // 8


@dataclass(frozen=True)
class Field:
    """Bits ``bit`` to ``bit + width - 1`` of a register."""

    name: str
    bit: int
    text: str
    width: int = 1

    @property
    def mask(self) -> int:
        return ((1 << self.width) - 1) << self.bit


@dataclass(frozen=True)
class Register:
    """One register.

    Attributes
    ----------
    access: "ro" read only; "rw" read and write; "wo" a written 1 acts, reads as 0; "w1c" a written
        1 clears the bit.
    width: 32 or 64. count: consecutive ones of the same kind.
    """

    name: str
    offset: int
    access: str
    text: str
    width: int = 32
    count: int = 1
    fields: tuple[Field, ...] = ()

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def size(self) -> int:
        """Bytes that it takes in the address map."""
        return self.width // 8 * self.count


REGISTERS: tuple[Register, ...] = (
    Register("magic", 0x00, "ro", "reads 0x4D4C5053: this is a SpikeLoom shell"),
    Register("version", 0x04, "ro", "version of this register map"),
    Register(
        "capabilities",
        0x08,
        "ro",
        "what this shell was built with",
        fields=(
            Field("memory_bytes", 0, "bytes of one word on the memory port", 8),
            Field("runtime_weights", 8, "weights, thresholds and tables can be loaded"),
            Field(
                "steps",
                16,
                "time steps can be chosen, 1 to this many; 0 where all are always run",
                5,
            ),
        ),
    ),
    Register("counter_count", 0x0C, "ro", "counters in fabric from 0x1000"),
    Register(
        "identity",
        0x10,
        "ro",
        "SHA-256 of manifest.json, first four bytes first, each word big endian",
        count=8,
    ),
    Register(
        "control",
        0x40,
        "wo",
        "write one bit to act",
        fields=(
            Field(
                "start", 0, "run a job: `images` images from `input_address` to `output_address`"
            ),
            Field(
                "abort",
                1,
                "end the job: transfers under way are finished, then the network is reset; with no"
                " job, reset the network",
            ),
            Field("clear", 2, "all counters, the log, latencies and intervals to zero"),
            Field(
                "load",
                3,
                "run a load job: `input_words` words from `input_address` into the weight memories",
            ),
        ),
    ),
    Register(
        "status",
        0x44,
        "ro",
        "state of the job",
        fields=(
            Field("busy", 0, "a job runs, or the end of an aborted or failed one is awaited"),
            Field("done", 1, "the last job ended well; cleared by the next start"),
            Field(
                "failed",
                2,
                "the last job was aborted or ended with an error; cleared by the next start",
            ),
            Field(
                "draining", 3, "memory transfers under way are awaited before the network is reset"
            ),
            Field("active", 4, "an image is in flight in the network"),
            Field(
                "weights",
                5,
                "the weights are whole: those that were built in, or those of a load that ended"
                " well",
            ),
        ),
    ),
    Register(
        "error",
        0x48,
        "w1c",
        "what went wrong since it was last cleared; every bit but start_while_busy ends the job",
        fields=(
            Field("read_slverr", 0, "a read was answered with SLVERR"),
            Field("read_decerr", 1, "a read was answered with DECERR"),
            Field("write_slverr", 2, "a write was answered with SLVERR"),
            Field("write_decerr", 3, "a write was answered with DECERR"),
            Field(
                "protocol",
                4,
                "the memory port broke its rules: a response that nothing asked for, or a last beat"
                " in the wrong place",
            ),
            Field("start_while_busy", 5, "a start or load while a job ran; it was ignored"),
            Field(
                "misaligned",
                6,
                "an address is no multiple of the memory word, a job has no images or words, a load"
                " is not what the weight memories take",
            ),
            Field("stuck", 7, "nothing moved for `watchdog` cycles"),
            Field(
                "underrun",
                8,
                "all input words were read and the images, or the weight memories, were not"
                " complete",
            ),
            Field("overrun", 9, "input words were left over when the last image had its result"),
            Field("no_weights", 10, "a start after a load that did not end well; it was refused"),
        ),
    ),
    Register(
        "settings",
        0x4C,
        "rw",
        "how jobs run",
        fields=(
            Field(
                "single",
                0,
                "one image in flight at a time: the next one waits for the last output of the one"
                " before",
            ),
        ),
    ),
    Register(
        "input_address",
        0x50,
        "rw",
        "first byte of the input buffer; a multiple of the memory word",
        width=64,
    ),
    Register(
        "output_address",
        0x58,
        "rw",
        "first byte of the output buffer; a multiple of the memory word",
        width=64,
    ),
    Register("images", 0x60, "rw", "images of a job"),
    Register("input_words", 0x64, "rw", "memory words to read for a job"),
    Register(
        "watchdog", 0x68, "rw", "cycles without any transfer that end a job as stuck; 0 for never"
    ),
    Register(
        "steps",
        0x6C,
        "rw",
        "time steps to run, 0 for all of them; taken over in a reset of the network (abort). Only"
        " where they can be chosen",
        fields=(Field("chosen", 0, "1 to those of `capabilities`; more run all", 5),),
    ),
    Register(
        "images_in", 0x70, "ro", "images of this job whose first beat has entered the network"
    ),
    Register("images_out", 0x74, "ro", "images of this job whose last value has left the network"),
    Register("words_read", 0x78, "ro", "memory words read in this job"),
    Register("words_written", 0x7C, "ro", "memory words whose write was acknowledged in this job"),
    Register(
        "job_cycles",
        0x80,
        "ro",
        "cycles from the start of the job to its end, data movement included",
        width=64,
    ),
    Register("cycle", 0x88, "ro", "cycles since reset", width=64),
    Register(
        "latency_min",
        0x90,
        "ro",
        "least latency of an image since the last clear, cycles; all ones if there was none",
    ),
    Register("latency_max", 0x94, "ro", "greatest latency"),
    Register("latency_sum", 0x98, "ro", "sum of latencies", width=64),
    Register(
        "interval_min",
        0xA0,
        "ro",
        "least interval since the last clear, cycles; all ones if there was none",
    ),
    Register("interval_max", 0xA4, "ro", "greatest interval"),
    Register("interval_sum", 0xA8, "ro", "sum of intervals", width=64),
    Register(
        "latency_count",
        0xB0,
        "ro",
        "images in the latency figures, and entries written to the log",
        width=64,
    ),
    Register(
        "interval_count",
        0xB8,
        "ro",
        "intervals in the interval figures: images less one per job",
        width=64,
    ),
    Register(
        "input_wait",
        0xC0,
        "ro",
        "cycles in which the network would have taken a beat and the memory had none",
        width=64,
    ),
    Register(
        "output_wait",
        0xC8,
        "ro",
        "cycles in which the network had a value and the memory took none",
        width=64,
    ),
    Register(
        "load_words",
        0xD0,
        "ro",
        "32-bit words that reached the weight memories in the last load job that was not refused",
    ),
    Register("load_crc", 0xD4, "ro", "CRC-32 (as zlib's) of those words, little endian"),
    Register(
        "steps_run",
        0xD8,
        "ro",
        "what the network took over of `steps`. Only where time steps can be chosen",
        fields=(Field("now", 0, "time steps, 0 for all", 5),),
    ),
)

STEP_REGISTERS = ("steps", "steps_run")
"""Registers that are there only where time steps can be chosen; elsewhere they read as 0."""


def register(name: str) -> Register:
    """The register of that name. Raises KeyError if there is none."""
    for found in REGISTERS:
        if found.name == name:
            return found
    raise KeyError(name)
