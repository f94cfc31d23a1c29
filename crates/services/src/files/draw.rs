//! Small versions of pictures. The only file that uses the crate `image`.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage, codecs::jpeg::JpegEncoder, metadata::Orientation,
};

use super::core::{
    limits::{IMAGE_DECODE_BYTES, IMAGE_SIDE, LOGO_PRINT_PIXELS, LOGO_SIDE},
    link::Size,
};

/// JPEG quality of small versions of photographs.
const QUALITY: u8 = 82;
/// JPEG quality of a logo, which is small and printed large.
const LOGO_QUALITY: u8 = 92;

/// Draws the small versions of a picture; `None` if it cannot be decoded. It is decoded once,
/// within limits, whatever its header claims.
pub fn thumbnails(bytes: &[u8]) -> Option<Vec<(Size, Vec<u8>)>> {
    let (mut picture, exif_orientation) = read(bytes, IMAGE_SIDE)?;
    let mut encoded = Vec::with_capacity(Size::THUMBNAILS.len());
    for size in Size::THUMBNAILS {
        let pixels = size.pixels()?;
        if picture.width().max(picture.height()) > pixels {
            picture = picture.thumbnail(pixels, pixels);
        }
        let mut upright = picture.clone();
        upright.apply_orientation(exif_orientation);
        encoded.push((size, encode_picture(&upright)?));
    }
    Some(encoded)
}

/// Decodes a picture within limits, and returns it with its orientation.
fn read(bytes: &[u8], side: u32) -> Option<(DynamicImage, Orientation)> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(side);
    limits.max_image_height = Some(side);
    limits.max_alloc = Some(IMAGE_DECODE_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let exif_orientation = decoder.orientation().ok()?;
    Some((DynamicImage::from_decoder(decoder).ok()?, exif_orientation))
}

/// Printable form of a logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedLogo {
    /// A JPEG of three colours.
    pub jpeg: Vec<u8>,
    /// In pixels.
    pub width: u32,
    pub height: u32,
}

/// Draws a picture as a logo: small enough for print, with transparency on white. `None` if it
/// cannot be decoded.
pub fn logo(bytes: &[u8]) -> Option<RenderedLogo> {
    let (mut picture, exif_orientation) = read(bytes, LOGO_SIDE)?;
    picture.apply_orientation(exif_orientation);
    if picture.width() > LOGO_PRINT_PIXELS.0 || picture.height() > LOGO_PRINT_PIXELS.1 {
        picture = picture.thumbnail(LOGO_PRINT_PIXELS.0, LOGO_PRINT_PIXELS.1);
    }
    let transparent = picture.to_rgba8();
    let (width, height) = transparent.dimensions();
    let mut opaque = RgbImage::new(width, height);
    for (to, from) in opaque.pixels_mut().zip(transparent.pixels()) {
        let [red, green, blue, cover] = from.0.map(u32::from);
        *to = Rgb([red, green, blue].map(|part| ((part * cover + 255 * (255 - cover)) / 255) as u8));
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, LOGO_QUALITY).encode_image(&DynamicImage::ImageRgb8(opaque)).ok()?;
    Some(RenderedLogo { jpeg, width, height })
}

/// A picture with transparency becomes a PNG; any other becomes a JPEG, as photographs are.
fn encode_picture(picture: &DynamicImage) -> Option<Vec<u8>> {
    let mut encoded = Vec::new();
    if picture.color().has_alpha() {
        DynamicImage::ImageRgba8(picture.to_rgba8()).write_to(&mut Cursor::new(&mut encoded), ImageFormat::Png).ok()?;
    } else {
        JpegEncoder::new_with_quality(&mut encoded, QUALITY).encode_image(&DynamicImage::ImageRgb8(picture.to_rgb8())).ok()?;
    }
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::core::{Dimensions, MediaType, picture_dimensions, sniff};

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn a_picture_is_drawn_smaller_and_never_larger() {
        let sides = |bytes: &[u8]| picture_dimensions(sniff(bytes), bytes).map(|Dimensions { width, height }| (width, height));
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
    fn a_logo_is_small_and_stands_on_white() {
        let wide = logo(&picture(1_200, 300, ImageFormat::Png)).unwrap();
        assert_eq!((wide.width, wide.height, sniff(&wide.jpeg)), (600, 150, MediaType::Jpeg));
        let tiny = logo(&picture(3, 2, ImageFormat::Jpeg)).unwrap();
        assert_eq!((tiny.width, tiny.height), (3, 2), "it is never drawn larger");
        let mut clear = Cursor::new(Vec::new());
        DynamicImage::new_rgba8(8, 8).write_to(&mut clear, ImageFormat::Png).unwrap();
        let drawn = logo(&clear.into_inner()).unwrap();
        let shown = image::load_from_memory(&drawn.jpeg).unwrap().to_rgb8();
        assert!(shown.pixels().all(|pixel| pixel.0.iter().all(|part| *part > 250)), "nothing is white, not black");
        assert_eq!(logo(&picture(LOGO_SIDE + 1, 1, ImageFormat::Png)), None);
        assert_eq!(logo(b"GIF89a"), None);
    }

    #[test]
    fn what_is_broken_behind_its_head_is_not_drawn() {
        let whole = picture(300, 300, ImageFormat::Png);
        assert!(thumbnails(&whole[..whole.len() / 2]).is_none());
        assert!(thumbnails(b"GIF89a\x01\0\x01\0").is_none());
        assert!(thumbnails(b"").is_none());
        // A header that claims more pixels than are allowed is refused before memory is allocated.
        let mut bomb = picture(2, 2, ImageFormat::Png);
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        assert!(thumbnails(&bomb).is_none());
    }
}
