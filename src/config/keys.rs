//! Settings of `entrepot keys`.

use clap::{Args, Subcommand};

use super::{NewKeyArgs, database::KeysOf};

#[derive(Debug, Clone, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub action: KeysAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum KeysAction {
    /// Print a new key as a line of a key file.
    New(NewKeyArgs),
    /// List the columns that each key seals.
    List(KeysOf),
    /// Seal everything under the first key, while the deployment runs. Safe to stop and to run again.
    Rotate {
        #[command(flatten)]
        of: KeysOf,
        /// Put a new key in front of those in the key file first.
        #[arg(long)]
        new_key: bool,
    },
    /// Count the values of each column that are sealed under a missing key, and so lost without it. Changes nothing.
    Lost(KeysOf),
    /// Let a key go that nothing is sealed under any more.
    Retire {
        #[command(flatten)]
        of: KeysOf,
        /// The key's id.
        id: String,
    },
    /// Go on without a key that is lost for good: what it sealed is given up, and the database opens without it. Bring the key back instead, if it can be found.
    ///
    /// Stop all nodes and workers, copy the database (`entrepot backup run` needs the key), and give a new key that seals from now on (`entrepot keys new --file
    /// FILE`). Without --yes the command prints how many values are lost, by table and column, and changes nothing. Personal data of customers, orders and invoices
    /// then reads as lost; webhook endpoints and export schedules stop until their secrets are set anew; users with a second factor log in with backup codes, and enrol
    /// another; a new key signs tokens.
    #[command(verbatim_doc_comment)]
    Abandon(AbandonArgs),
}

#[derive(Debug, Clone, Args)]
pub struct AbandonArgs {
    #[command(flatten)]
    pub of: KeysOf,
    /// The key's id, as `entrepot keys lost` prints it.
    pub id: String,
    /// Give the values up. They cannot be read again, even if the key is found later.
    #[arg(long)]
    pub yes: bool,
    /// Remove the second factors whose secrets are lost: passwords alone let their users in, until they enrol another. Without it they need a backup code, or
    /// memberMfaReset by another member.
    #[arg(long, requires = "yes")]
    pub remove_second_factors: bool,
}
