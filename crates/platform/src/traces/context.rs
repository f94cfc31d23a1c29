//! A position in a trace. Its text is the header `traceparent` of W3C Trace Context.

/// A position in a trace: the next span is a child of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    pub trace_id: u128,
    pub span_id: u64,
    /// Whether the trace is recorded.
    pub is_sampled: bool,
}

impl TraceContext {
    /// Bytes of a `traceparent` of version 00.
    pub const LENGTH: usize = 55;

    /// Parses a `traceparent`. None if it is invalid; of a later version only the fields of version
    /// 00 are read.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = hexadecimal(version, 2)?;
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace_id, span_id, flags) = (hexadecimal(trace_id, 32)?, hexadecimal(span_id, 16)?, hexadecimal(flags, 2)?);
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id: span_id as u64, is_sampled: flags & 1 == 1 })
    }

    /// Returns the trace's ID if it is recorded, so that a collector has it.
    pub fn recorded_id(&self) -> Option<u128> {
        self.is_sampled.then_some(self.trace_id)
    }

    /// Returns the `traceparent` for work that follows from this position.
    pub fn traceparent(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.is_sampled))
    }
}

fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_number = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u128::from_str_radix(text, 16).ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read_and_written() {
        let read = TraceContext::parse(HEADER).unwrap();
        assert_eq!((read.trace_id, read.span_id), (0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad_6b71_6920_3331));
        assert!(read.is_sampled && read.recorded_id() == Some(read.trace_id));
        assert_eq!((read.traceparent().as_str(), HEADER.len()), (HEADER, TraceContext::LENGTH));
        let later = TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02-what-comes").unwrap();
        assert_eq!((later.trace_id, later.recorded_id()), (read.trace_id, None));
        for odd in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        ] {
            assert_eq!(TraceContext::parse(odd), None, "{odd}");
        }
    }
}
