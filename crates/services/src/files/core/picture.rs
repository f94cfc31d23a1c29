//! Size of a picture by its header alone: nothing is decoded.

use super::{
    MediaType,
    limits::{IMAGE_PIXELS, IMAGE_SIDE},
};

/// A picture's sides, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    pub width: u32,
    pub height: u32,
}

impl Dimensions {
    /// Whether it is one that may be drawn.
    pub fn is_within_limits(self) -> bool {
        self.width.max(self.height) <= IMAGE_SIDE && u64::from(self.width) * u64::from(self.height) <= IMAGE_PIXELS
    }
    /// Returns the message for a picture that is too large.
    pub fn too_large(self) -> String {
        let Self { width, height } = self;
        format!(
            "a picture has at most {IMAGE_SIDE} pixels a side and {IMAGE_PIXELS} in all, and this one has {width} × {height}: make it smaller"
        )
    }
}

/// Returns the sides in the header of a picture; `None` if the header is invalid.
pub fn picture_dimensions(media: MediaType, head: &[u8]) -> Option<Dimensions> {
    let (width, height) = match media {
        MediaType::Png => png_size(head)?,
        MediaType::Gif => (little16(head, 6)?, little16(head, 8)?),
        MediaType::Webp => webp_size(head)?,
        MediaType::Jpeg => jpeg_size(head)?,
        _ => return None,
    };
    (width > 0 && height > 0).then_some(Dimensions { width, height })
}

fn at<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from.checked_add(N)?)?.try_into().ok()
}
fn big16(bytes: &[u8], from: usize) -> Option<u32> {
    at(bytes, from).map(u16::from_be_bytes).map(u32::from)
}
fn big32(bytes: &[u8], from: usize) -> Option<u32> {
    at(bytes, from).map(u32::from_be_bytes)
}
fn little16(bytes: &[u8], from: usize) -> Option<u32> {
    at(bytes, from).map(u16::from_le_bytes).map(u32::from)
}
fn little24(bytes: &[u8], from: usize) -> Option<u32> {
    at::<3>(bytes, from).map(|[low, middle, high]| u32::from_le_bytes([low, middle, high, 0]))
}

/// A PNG begins with the chunk IHDR, of 13 bytes.
fn png_size(head: &[u8]) -> Option<(u32, u32)> {
    (head.get(8..16)? == b"\0\0\0\x0DIHDR").then_some((big32(head, 16)?, big32(head, 20)?))
}

/// A WebP file has one of three forms: lossy, lossless, or extended.
fn webp_size(head: &[u8]) -> Option<(u32, u32)> {
    const FOURTEEN_BITS: u32 = 0x3FFF;
    match head.get(12..16)? {
        b"VP8X" => Some((little24(head, 24)? + 1, little24(head, 27)? + 1)),
        b"VP8 " if head.get(23..26)? == [0x9D, 0x01, 0x2A] => {
            Some((little16(head, 26)? & FOURTEEN_BITS, little16(head, 28)? & FOURTEEN_BITS))
        }
        b"VP8L" if *head.get(20)? == 0x2F => {
            let bits = at(head, 21).map(u32::from_le_bytes)?;
            Some(((bits & FOURTEEN_BITS) + 1, (bits >> 14 & FOURTEEN_BITS) + 1))
        }
        _ => None,
    }
}

/// Reads a JPEG segment by segment up to the frame header.
fn jpeg_size(head: &[u8]) -> Option<(u32, u32)> {
    let mut offset = 2;
    loop {
        match at(head, offset)? {
            // Any number of fill bytes may precede a segment.
            [0xFF, 0xFF] => offset += 1,
            [0xFF, 0x01 | 0xD0..=0xD8] => offset += 2,
            [0xFF, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF] => {
                return Some((big16(head, offset + 7)?, big16(head, offset + 5)?));
            }
            // Image data, or the end of the file, without a frame header before.
            [0xFF, 0xD9 | 0xDA] => return None,
            [0xFF, _] => offset += 2 + (big16(head, offset + 2)?.max(2) as usize),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()
    }

    #[test]
    fn the_head_of_a_picture_tells_its_sides() {
        let exif =
            [b"\xff\xd8\xff\xe1\x01\x00".as_slice(), &[0xFF; 254], b"\xff\xff\xc2\x00\x11\x08\x00\x20\x00\x40\x03"].concat();
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\x00\x20\x40";
        let plain = [b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f".as_slice(), &(63_u32 | 31 << 14 | 1 << 28).to_le_bytes()].concat();
        let parts = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x3f\0\0\x1f\0\0";
        for (media, head) in [
            (MediaType::Png, png_of(64, 32).as_slice()),
            (MediaType::Gif, b"GIF89a\x40\x00\x20\x00"),
            (MediaType::Jpeg, &exif),
            (MediaType::Webp, lossy),
            (MediaType::Webp, &plain),
            (MediaType::Webp, parts),
        ] {
            assert_eq!(picture_dimensions(media, head), Some(Dimensions { width: 64, height: 32 }), "{media:?} {head:02x?}");
            for end in 0..head.len().min(9) {
                assert_eq!(picture_dimensions(media, &head[..end]), None, "{media:?} cut off");
            }
        }
        assert_eq!(picture_dimensions(MediaType::Png, b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"), None);
        assert_eq!(picture_dimensions(MediaType::Png, &png_of(0, 5)), None);
        assert_eq!(picture_dimensions(MediaType::Jpeg, b"\xff\xd8\xff\xda\0\x08"), None);
        assert_eq!(picture_dimensions(MediaType::Jpeg, &[0xFF; 4_000]), None);
    }

    #[test]
    fn what_would_fill_the_memory_does_not_fit() {
        let is_within = |width, height| Dimensions { width, height }.is_within_limits();
        assert!(is_within(5_000, 5_000) && is_within(10_000, 2_500));
        assert!(!is_within(5_001, 5_000) && !is_within(10_001, 1) && !is_within(u32::MAX, u32::MAX));
    }
}
