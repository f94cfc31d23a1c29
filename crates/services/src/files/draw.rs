//! Small versions of pictures. The only file that knows `image`.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder};

use super::core::{
    limits::{IMAGE_DRAWN_BYTES, IMAGE_SIDE},
    link::Size,
};

/// What photographs lose in being kept small.
const QUALITY: u8 = 82;

/// The small versions of a picture; None when it cannot be drawn. It is read once, within limits, whatever its head has said.
pub fn thumbnails(bytes: &[u8]) -> Option<Vec<(Size, Vec<u8>)>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(IMAGE_SIDE);
    limits.max_image_height = Some(IMAGE_SIDE);
    limits.max_alloc = Some(IMAGE_DRAWN_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let turned = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    let mut drawn = Vec::with_capacity(Size::DRAWN.len());
    for size in Size::DRAWN {
        let pixels = size.pixels()?;
        if picture.width().max(picture.height()) > pixels {
            picture = picture.thumbnail(pixels, pixels);
        }
        let mut upright = picture.clone();
        upright.apply_orientation(turned);
        drawn.push((size, written(&upright)?));
    }
    Some(drawn)
}

/// What one can see through stays so; all else is a photograph.
fn written(picture: &DynamicImage) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if picture.color().has_alpha() {
        DynamicImage::ImageRgba8(picture.to_rgba8()).write_to(&mut Cursor::new(&mut out), ImageFormat::Png).ok()?;
    } else {
        JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&DynamicImage::ImageRgb8(picture.to_rgb8())).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::core::{Area, MediaType, area, sniff};

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn a_picture_is_drawn_smaller_and_never_larger() {
        let sides = |bytes: &[u8]| area(sniff(bytes), bytes).map(|Area { width, height }| (width, height));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let large = picture(1_024, 512, format);
            assert_eq!(sides(&large), Some((1_024, 512)), "{format:?}");
            let drawn = thumbnails(&large).unwrap();
            let told: Vec<_> = drawn.iter().map(|(size, bytes)| (*size, sniff(bytes), sides(bytes))).collect();
            let expected = [(Size::Medium, MediaType::Jpeg, Some((512, 256))), (Size::Small, MediaType::Jpeg, Some((128, 64)))];
            assert_eq!(told, expected, "{format:?}");
            let tiny = thumbnails(&picture(3, 2, format)).unwrap();
            assert!(tiny.iter().all(|(_, bytes)| sides(bytes) == Some((3, 2))), "{format:?}");
        }
        let mut clear = Cursor::new(Vec::new());
        DynamicImage::new_rgba8(200, 200).write_to(&mut clear, ImageFormat::Png).unwrap();
        let drawn = thumbnails(&clear.into_inner()).unwrap();
        assert!(drawn.iter().all(|(_, bytes)| sniff(bytes) == MediaType::Png));
    }

    #[test]
    fn what_is_broken_behind_its_head_is_not_drawn() {
        let whole = picture(300, 300, ImageFormat::Png);
        assert!(thumbnails(&whole[..whole.len() / 2]).is_none());
        assert!(thumbnails(b"GIF89a\x01\0\x01\0").is_none());
        assert!(thumbnails(b"").is_none());
        // A head that promises more than would be drawn: it is refused before memory is taken for it.
        let mut bomb = picture(2, 2, ImageFormat::Png);
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        assert!(thumbnails(&bomb).is_none());
    }
}
