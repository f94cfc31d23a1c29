//! A text as a QR code in SVG. Pure.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code, as ISO/IEC 18004 requires.
const QUIET_ZONE: i32 = 4;

/// None if the text is too long for any code.
pub fn svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * QUIET_ZONE;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count() as i32;
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE));
            }
            x += run.max(1);
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_every_dark_module_and_nothing_of_the_text() {
        let text = "otpauth://totp/Entrepot:ada%40example.com?secret=GEZDGNBVGY3TQOJQ&issuer=Entrepot";
        let drawn = svg(text).unwrap();
        assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>"));
        assert!(!drawn.contains("GEZD"));
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
        let runs = drawn.split('h').skip(1).filter_map(|part| part.split_once('v')?.0.parse::<usize>().ok());
        let side = (code.size() + 2 * QUIET_ZONE) as usize;
        assert_eq!(runs.sum::<usize>() - side, dark.count(), "the path's runs, less the light ground");
        assert_eq!(svg(&"x".repeat(5_000)), None);
    }
}
