//! Why a view cannot be followed, in words.

use platform::storage::Fault;
use services::saved_views::{
    core::MOST_LIVE_COST,
    shell::{DocumentProblem, NotLive},
};

/// The reason as a text; a fault is no reason.
pub fn because(reason: NotLive) -> Result<String, Fault> {
    Ok(match reason {
        NotLive::NotFound => "there is no such saved view".to_owned(),
        NotLive::Paused => "this saved view is paused".to_owned(),
        NotLive::Document(DocumentProblem::Document(message) | DocumentProblem::Variables(message))
        | NotLive::Unheard(message) => message,
        NotLive::TooDear(cost) => {
            format!("the view costs {cost} points, and one that is followed may cost {MOST_LIVE_COST}: ask for smaller pages")
        }
        NotLive::Fault(fault) => return Err(fault),
    })
}
