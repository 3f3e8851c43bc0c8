"""How much memory a process used at most, cell by cell, where the system says so."""

import sys
from pathlib import Path

import psutil


def forget_peak(process_id: int) -> None:
    """Reset the peak to what is in use now; only Linux can."""
    if sys.platform == "linux":
        try:
            Path(f"/proc/{process_id}/clear_refs").write_text("5")
        except OSError:  # the process is gone, or the sandbox hides it: the peak is the whole run's
            return


def peak_memory(process_id: int) -> int:
    """The most bytes in use since `forget_peak`; elsewhere than on Linux what is in use now."""
    try:
        if sys.platform == "linux":
            status = Path(f"/proc/{process_id}/status").read_text()
            lines = (line.split() for line in status.splitlines())
            return next((int(words[1]) * 1024 for words in lines if words[0] == "VmHWM:"), 0)
        return int(psutil.Process(process_id).memory_info().rss)
    except (OSError, psutil.Error):  # the process is gone
        return 0
