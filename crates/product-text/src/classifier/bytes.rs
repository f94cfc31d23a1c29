//! A model as bytes: a mark, a version, the parts in order, and a checksum over all before it. Numbers are little-endian.

use super::model::Model;
use crate::{
    calibration::Calibration,
    linear::{Loss, Weights},
    ngrams::{BUCKETS, Vocabulary, mix_bits},
};

const MAGIC_BYTES: &[u8; 4] = b"EPTX";
/// The version of the layout and of the n-grams: a model of other n-grams would score nonsense.
pub const FORMAT_VERSION: u16 = 1;
/// The longest name of a label, in bytes.
const MAX_NAME: usize = 4_096;

/// Reason for which bytes are not a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelError {
    /// The bytes do not begin with the magic number of a model.
    NotAModel,
    /// Written by another version. Train again.
    OtherVersion(u16),
    /// Changed or truncated bytes. Train again.
    Damaged,
}

impl std::fmt::Display for ModelError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAModel => to.write_str("The bytes are no text model. Train a model."),
            Self::OtherVersion(version) => {
                write!(to, "The text model has version {version}, not {FORMAT_VERSION}. Train it again.")
            }
            Self::Damaged => to.write_str("The text model is damaged. Train it again."),
        }
    }
}

impl std::error::Error for ModelError {}

/// Eight bytes at a time, mixed: it finds damage, not malice.
fn checksum(bytes: &[u8]) -> u64 {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    bytes.chunks(8).fold(mix_bits(bytes.len() as u64), |state, chunk| mix_bits(state.rotate_left(5) ^ word(chunk)))
}

impl Model {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC_BYTES.to_vec();
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        bytes.push(u8::from(self.loss == Loss::Independent));
        let number = |bytes: &mut Vec<u8>, value: usize| bytes.extend((value as u32).to_le_bytes());
        number(&mut bytes, self.labels.len());
        for label in &self.labels {
            number(&mut bytes, label.len());
            bytes.extend(label.as_bytes());
        }
        [self.calibration.slope, self.calibration.shift, self.weights.scale]
            .iter()
            .for_each(|value| bytes.extend(value.to_le_bytes()));
        self.weights.bias.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        number(&mut bytes, self.vocabulary.buckets.len());
        self.vocabulary.buckets.iter().for_each(|bucket| bytes.extend(bucket.to_le_bytes()));
        self.vocabulary.idf.iter().for_each(|idf| bytes.extend(idf.to_le_bytes()));
        self.weights.ends.iter().for_each(|end| bytes.extend(end.to_le_bytes()));
        number(&mut bytes, self.weights.entries.len());
        self.weights.entries.iter().for_each(|(label, _)| bytes.extend(label.to_le_bytes()));
        self.weights.entries.iter().for_each(|(_, steps)| bytes.extend(steps.to_le_bytes()));
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let rest = bytes.strip_prefix(MAGIC_BYTES).ok_or(ModelError::NotAModel)?;
        let mut reader = Reader { rest };
        match u16::from_le_bytes(reader.array()?) {
            FORMAT_VERSION => {}
            version => return Err(ModelError::OtherVersion(version)),
        }
        let (body, sum) = bytes.split_last_chunk::<8>().ok_or(ModelError::Damaged)?;
        if checksum(body) != u64::from_le_bytes(*sum) {
            return Err(ModelError::Damaged);
        }
        let model = reader.model()?;
        if reader.rest.len() == sum.len() && is_valid_model(&model) { Ok(model) } else { Err(ModelError::Damaged) }
    }
}

/// Whether every index is in its range and every number finite: a matching checksum alone does not
/// guarantee that.
fn is_valid_model(model: &Model) -> bool {
    let (labels, weights, vocabulary) = (model.labels.len(), &model.weights, &model.vocabulary);
    let entries = weights.entries.len();
    labels > 0
        && u16::try_from(labels).is_ok()
        && vocabulary.buckets.is_sorted_by(|one, next| one < next)
        && vocabulary.buckets.last().is_none_or(|bucket| (*bucket as usize) < BUCKETS)
        && weights.ends.is_sorted()
        && weights.ends.last().map_or(0, |end| *end as usize) == entries
        && weights.entries.iter().all(|(label, _)| (*label as usize) < labels)
        && (0..weights.ends.len()).all(|row| weights.row(row as u32).is_sorted_by_key(|(label, _)| *label))
        && vocabulary.idf.iter().chain(&weights.bias).all(|value| value.is_finite())
        && [weights.scale, model.calibration.slope, model.calibration.shift].iter().all(|value| value.is_finite())
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], ModelError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(ModelError::Damaged)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        self.bytes(N)?.try_into().map_err(|_| ModelError::Damaged)
    }

    fn number(&mut self) -> Result<usize, ModelError> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    /// Checks that the bytes exist before memory is reserved for them.
    fn list<const N: usize, T>(&mut self, count: usize, read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, ModelError> {
        let bytes = self.bytes(count.checked_mul(N).ok_or(ModelError::Damaged)?)?;
        Ok(bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect())
    }

    fn float(&mut self) -> Result<f32, ModelError> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    fn model(&mut self) -> Result<Model, ModelError> {
        let loss = match self.array::<1>()? {
            [0] => Loss::Softmax,
            [1] => Loss::Independent,
            _ => return Err(ModelError::Damaged),
        };
        let count = self.number()?;
        let mut labels = Vec::new();
        for _ in 0..count {
            let length = self.number()?;
            let text = self.bytes(length.min(MAX_NAME))?;
            labels.push(String::from_utf8(text.to_vec()).map_err(|_| ModelError::Damaged)?);
        }
        let calibration = Calibration { slope: self.float()?, shift: self.float()? };
        let scale = self.float()?;
        let bias = self.list(count, f32::from_le_bytes)?;
        let rows = self.number()?;
        let buckets = self.list(rows, u32::from_le_bytes)?;
        let idf = self.list(rows, f32::from_le_bytes)?;
        let ends = self.list(rows, u32::from_le_bytes)?;
        let entry_count = self.number()?;
        let of_labels = self.list(entry_count, u16::from_le_bytes)?;
        let steps = self.list(entry_count, i16::from_le_bytes)?;
        let entries = of_labels.into_iter().zip(steps).collect();
        let weights = Weights { labels: count, ends, entries, scale, bias };
        Ok(Model { loss, labels, vocabulary: Vocabulary::new(buckets, idf), weights, calibration })
    }
}
