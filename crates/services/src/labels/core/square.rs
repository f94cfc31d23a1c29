//! QR codes (ISO/IEC 18004), which have squares instead of bars.

use qrcodegen::{QrCode, QrCodeEcc};

use super::{LONGEST, NoCode};

/// The squares of a text, with as much of them to spare as a scratched label needs.
pub fn qr(text: &str) -> Result<Vec<Vec<bool>>, NoCode> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| NoCode::TooLong(LONGEST))?;
    Ok((0..code.size()).map(|y| (0..code.size()).map(|x| code.get_module(x, y)).collect()).collect())
}
