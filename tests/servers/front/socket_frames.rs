//! Frames of clients against a read buffer that is smaller than most messages and grows only for the next one.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{
    server::FrontServer,
    wire::{PATIENCE, Socket},
};

/// Bytes of the largest message, and enough for those around the text of an echo.
const MAX: usize = 256 << 10;
const AROUND: usize = 200;

fn echo(id: &str, text: &str) -> Value {
    let payload = json!({ "query": "query($t: String!) { echo(text: $t) }", "variables": { "t": text } });
    json!({ "id": id, "type": "subscribe", "payload": payload })
}

/// A text in one frame, as a client sends it. A mask of zeros leaves the bytes unchanged.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

async fn hear_echo(socket: &mut Socket, id: &str, text: &str) {
    let next = socket.receive_message().await;
    assert_eq!((&next["id"], &next["type"]), (&json!(id), &json!("next")), "of {} bytes", text.len());
    assert!(next["payload"]["data"]["echo"] == text, "of {} bytes: another text came back", text.len());
    assert_eq!(socket.receive_message().await, json!({ "id": id, "type": "complete" }));
}

#[tokio::test]
async fn messages_of_all_sizes_follow_one_another() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for bytes in [1, 300, 512, 1, 1_023, 1_024, 4_096, 7, 70_000, 2, MAX - AROUND, 1, 600, MAX - AROUND, 30] {
        let text: String = ('a'..='z').cycle().take(bytes).collect();
        socket.send_message(echo("1", &text)).await;
        hear_echo(&mut socket, "1", &text).await;
    }
}

#[tokio::test]
async fn messages_come_in_one_piece_or_byte_by_byte() {
    let world = FrontServer::new().await;
    let texts = ["short".to_owned(), "of two buffers ".repeat(60), String::new(), "äöü€".repeat(30)];
    let all: Vec<u8> =
        texts.iter().enumerate().flat_map(|(number, text)| masked(&echo(&number.to_string(), text).to_string())).collect();
    for piece in [all.len(), 1, 13, 511, 512, 513] {
        let mut socket = Socket::ready(world.address).await;
        for bytes in all.chunks(piece) {
            socket.0.get_mut().write_all(bytes).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answers = Vec::new();
        while answers.len() < texts.len() {
            let message = socket.receive_message().await;
            if message["type"] == "next" {
                answers.push((message["id"].as_str().unwrap().to_owned(), message["payload"]["data"]["echo"].clone()));
            }
        }
        // Each runs for itself, so any may be the first.
        answers.sort_by(|one, other| one.0.cmp(&other.0));
        let expected: Vec<_> = texts.iter().enumerate().map(|(number, text)| (number.to_string(), json!(text))).collect();
        assert!(answers == expected, "in pieces of {piece}");
    }
}

#[tokio::test]
async fn a_ping_between_two_fragments_is_answered_before_the_message_is_whole() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    let text = "fragments ".repeat(500);
    let message = echo("1", &text).to_string().into_bytes();
    let fragments: Vec<Vec<u8>> = message.chunks(700).map(<[u8]>::to_vec).collect();
    let last = fragments.len() - 1;
    for (number, bytes) in fragments.into_iter().enumerate() {
        let data = if number == 0 { Data::Text } else { Data::Continue };
        socket.0.send(Message::Frame(Frame::message(bytes, OpCode::Data(data), number == last))).await.unwrap();
        if number == 1 {
            socket.0.send(Message::Ping("are you there".into())).await.unwrap();
            let pong = timeout(PATIENCE, socket.0.next()).await.unwrap().unwrap().unwrap();
            assert_eq!(pong, Message::Pong("are you there".into()));
        }
    }
    hear_echo(&mut socket, "1", &text).await;
}
