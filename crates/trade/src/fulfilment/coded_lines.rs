//! Lines of works that may count packs, as `packs::convert_coded_lines` takes them.

use platform::path;

use super::{
    inputs::{
        FulfilmentWorkMoveInput, FulfilmentWorkPackInput, FulfilmentWorkPickInput, FulfilmentWorkRejectInput,
        FulfilmentWorkUnpickInput, WorkLineQuantity,
    },
    wave_inputs::FulfilmentWavePickInput,
};
use crate::{graphql::refusal::Path, packs::CodedLine};

fn coded_lines_of<'a>(lines: &'a mut Option<Vec<WorkLineQuantity>>, list: &Path) -> Vec<CodedLine<'a>> {
    let line = |(index, line): (usize, &'a mut WorkLineQuantity)| {
        let mut at = list.clone();
        at.push(index.to_string());
        CodedLine {
            line: Some(&line.line_id),
            units: &mut line.quantity,
            packs: line.packs,
            barcode: line.barcode.as_deref(),
            at,
        }
    };
    lines.iter_mut().flatten().enumerate().map(line).collect()
}

/// Inputs with their lines in the field `lines`.
macro_rules! coded_lines {
    ($($input:ident),+) => {
        $(impl $input {
            pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
                coded_lines_of(&mut self.lines, &path!["input", "lines"])
            }
        })+
    };
}
coded_lines!(FulfilmentWorkMoveInput, FulfilmentWorkPickInput, FulfilmentWorkRejectInput, FulfilmentWorkUnpickInput);

impl FulfilmentWorkPackInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let parcels = self.parcels.iter_mut().enumerate();
        parcels
            .flat_map(|(index, parcel)| coded_lines_of(&mut parcel.lines, &path!["input", "parcels", index, "lines"]))
            .collect()
    }
}

impl FulfilmentWavePickInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let works = self.found.iter_mut().enumerate();
        works.flat_map(|(index, work)| coded_lines_of(&mut work.lines, &path!["input", "found", index, "lines"])).collect()
    }
}
