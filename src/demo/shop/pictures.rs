//! Pictures of products, drawn from a few shapes and colours, and sent as anybody sends a file.

use std::io::Cursor;

use image::{ImageFormat, ImageResult, Rgb, RgbImage};
use serde_json::{Value, json};

use super::{goods::RANGES, staff::DemoSite, state::Shop};
use crate::demo::{error::DemoError, steps::print_step};

/// Pixels of a side.
const IMAGE_SIDE_PIXELS: u16 = 320;
/// Products of each range that have a picture.
const IMAGES_PER_RANGE: usize = 4;

type Colour = [u8; 3];

const PAPER: Colour = [246, 243, 236];
const SHADE: Colour = [222, 215, 203];
const INK: Colour = [58, 52, 46];
const COLOURS: [Colour; IMAGES_PER_RANGE] = [[52, 104, 163], [196, 88, 62], [104, 142, 78], [214, 164, 66]];

const IMAGES: &str = "query($sku: String!) { product(by: { sku: $sku }) { id images { id } } }";

impl Shop<'_> {
    pub(super) async fn upload_pictures(&self, site: &DemoSite<'_>) -> Result<(), DemoError> {
        let http = reqwest::Client::new();
        let mut picture_count = 0;
        for (category, _, names) in RANGES {
            for ((number, name), colour) in (1..).zip(names).zip(COLOURS) {
                let sku = format!("DS-{}-{number}", category.to_uppercase());
                let product = self.send_query("product", IMAGES, json!({ "sku": sku })).await?;
                picture_count += 1;
                if product["images"].as_array().is_some_and(|images| !images.is_empty()) {
                    continue;
                }
                let bytes = draw_image(category, colour).map_err(|err| DemoError::Shop(format!("a picture of {sku}: {err}")))?;
                let input = json!({ "purpose": "IMAGE", "name": format!("{sku}.png"), "size": bytes.len() });
                let fields = "file { id } uploadUrl";
                let upload = self.send("fileUploadCreate", "FileUploadCreateInput", fields, input).await?;
                let link = upload["uploadUrl"].as_str().unwrap_or_default();
                http.put(format!("{}{link}", site.base)).body(bytes).send().await?.error_for_status()?;
                self.attach_image(&product["id"], &upload["file"]["id"], name).await?;
            }
        }
        print_step("pictures", &format!("{picture_count} products have a picture"));
        Ok(())
    }

    /// A file is new for each try, and so is the key.
    async fn attach_image(&self, product: &Value, file: &Value, name: &str) -> Result<(), DemoError> {
        let key = format!("demo-picture-{}", file.as_str().unwrap_or_default());
        let input = json!({ "idempotencyKey": key, "product": { "id": product }, "fileId": file, "alt": name });
        self.send("productImageAdd", "ProductImageAddInput", "image { id }", input).await?;
        Ok(())
    }
}

/// A PNG of something of a category.
fn draw_image(category: &str, colour: Colour) -> ImageResult<Vec<u8>> {
    let side = f32::from(IMAGE_SIDE_PIXELS);
    let picture = RgbImage::from_fn(IMAGE_SIDE_PIXELS.into(), IMAGE_SIDE_PIXELS.into(), |column, row| {
        // From -1 to 1, rightwards and downwards, in the middle of the pixel.
        let place = |pixel: u32| (pixel as f32 + 0.5) * 2.0 / side - 1.0;
        Rgb(colour_at(category, colour, (place(column), place(row))))
    });
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Png)?;
    Ok(out.into_inner())
}

fn colour_at(category: &str, colour: Colour, (x, y): (f32, f32)) -> Colour {
    let from_middle = x.hypot(y);
    let is_within = |left: f32, top: f32, right: f32, bottom: f32| (left..right).contains(&x) && (top..bottom).contains(&y);
    let is_thing = match category {
        "mugs" => {
            let is_handle = x >= 0.25 && (0.18..0.3).contains(&(x - 0.25).hypot(y - 0.05));
            is_handle || is_within(-0.45, -0.4, 0.25, 0.5)
        }
        "glasses" => {
            let is_cup = (-0.55..0.1).contains(&y) && x.abs() < 0.42 - 0.18 * (y + 0.55);
            is_cup || is_within(-0.04, 0.1, 0.04, 0.5) || is_within(-0.25, 0.5, 0.25, 0.56)
        }
        "plates" => from_middle < 0.38 || (0.44..0.66).contains(&from_middle),
        "bowls" => y > -0.05 && x.hypot(y + 0.05) < 0.62,
        "textiles" => is_within(-0.55, -0.55, 0.55, 0.55) && ((y + 1.0) * 8.0) as i32 % 2 == 0,
        "lights" => x.hypot(y + 0.15) < 0.4 || is_within(-0.14, 0.22, 0.14, 0.5),
        _ => {
            let is_blade = (0.1..0.65).contains(&y) && x.abs() < 0.28 - 0.42 * (y - 0.1);
            is_blade || is_within(-0.07, -0.65, 0.07, 0.1)
        }
    };
    let is_edge = category == "textiles" && x.abs() > 0.5;
    match (is_thing, is_edge) {
        (true, true) => INK,
        (true, false) => colour,
        // Shadow below the object.
        (false, _) if (0.66..0.72).contains(&y) && x.abs() < 0.7 => SHADE,
        (false, _) => PAPER,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_category_and_colour_has_a_picture_of_its_own() {
        let mut seen = BTreeSet::new();
        for (category, ..) in RANGES {
            for colour in COLOURS {
                let png = draw_image(category, colour).unwrap();
                assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() < 100_000, "{category}: {} bytes", png.len());
                assert_eq!(image::load_from_memory(&png).unwrap().width(), u32::from(IMAGE_SIDE_PIXELS));
                assert!(seen.insert(png), "{category} {colour:?} looks like another one");
            }
        }
    }
}
