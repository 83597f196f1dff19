/// What stands for a boot whose name the operating system does not tell.
pub(crate) const UNKNOWN_BOOT: &str = "unknown";

/// The name of the machine's current boot, `"unknown"` where the operating system has none.
pub(crate) fn current() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| UNKNOWN_BOOT.to_owned())
}

/// Whether the machine was certainly started anew between two boots' names.
pub(crate) fn has_changed(before: &str, now: &str) -> bool {
    before != now && before != UNKNOWN_BOOT && now != UNKNOWN_BOOT
}
