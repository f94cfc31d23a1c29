//! Bar codes and QR codes, and the layout of labels: pure.

mod bars;
mod drawn_code;
mod error;
mod label;
mod pdf;
mod second_font;
mod qr_code;
mod svg;
mod text_run;

pub use bars::{code128, ean13};
pub use drawn_code::DrawnCode;
pub use error::{BarcodeError, MAX_CODE_CHARACTERS};
pub use label::{Label, Symbology};
pub use pdf::{IMAGE, Image, PAGE, SheetLayout, document_with, sheet};
pub use qr_code::qr;
pub use second_font::UsedCharacters;
pub use svg::svg;
pub use text_run::TextRun;
