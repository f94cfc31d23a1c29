//! QR codes (ISO/IEC 18004).

use qrcodegen::{QrCode, QrCodeEcc};

use super::error::{BarcodeError, MAX_CODE_CHARACTERS};

/// Returns the squares of a text, with error correction for scratched labels.
pub fn qr(text: &str) -> Result<Vec<Vec<bool>>, BarcodeError> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| BarcodeError::TooLong(MAX_CODE_CHARACTERS))?;
    Ok((0..code.size()).map(|y| (0..code.size()).map(|x| code.get_module(x, y)).collect()).collect())
}
