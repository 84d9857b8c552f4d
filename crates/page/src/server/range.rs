//! `Range` headers: one range of bytes.

/// What a `Range` header asks of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: no range, one that cannot be read, or several at once, which nobody needs here.
    All,
    /// From the first byte up to, not including, the second.
    Part(u64, u64),
    /// Nothing that the file has.
    Nothing,
}

/// Reads the header for a file of `size` bytes.
pub(super) fn parse(header: &str, size: u64) -> Wanted {
    let Some((first, last)) = header.trim().strip_prefix("bytes=").and_then(|spec| spec.trim().split_once('-')) else {
        return Wanted::All;
    };
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (first.is_empty(), last.is_empty()) {
        // The last so many bytes.
        (true, false) => match number(last) {
            Some(count) if count > 0 && size > 0 => Wanted::Part(size.saturating_sub(count), size),
            Some(_) => Wanted::Nothing,
            None => Wanted::All,
        },
        (false, open) => {
            let (Some(first), Some(end)) = (number(first), if open { Some(size) } else { number(last).map(|last| last.saturating_add(1)) })
            else {
                return Wanted::All;
            };
            match (first, end.min(size)) {
                (first, _) if first >= size => Wanted::Nothing,
                (first, end) if first < end => Wanted::Part(first, end),
                _ => Wanted::All,
            }
        }
        (true, true) => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        for (header, wanted) in [
            ("bytes=0-0", Wanted::Part(0, 1)),
            ("bytes=0-9", Wanted::Part(0, 10)),
            ("bytes=2-", Wanted::Part(2, 10)),
            ("bytes=-3", Wanted::Part(7, 10)),
            ("bytes=-99", Wanted::Part(0, 10)),
            ("bytes=5-99999999999999999999", Wanted::All),
            ("bytes=5-18446744073709551615", Wanted::Part(5, 10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-4", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("items=0-1", Wanted::All),
            ("", Wanted::All),
        ] {
            assert_eq!(parse(header, 10), wanted, "{header}");
        }
        assert_eq!(parse("bytes=0-", 0), Wanted::Nothing);
        assert_eq!(parse("bytes=-1", 0), Wanted::Nothing);
    }
}
