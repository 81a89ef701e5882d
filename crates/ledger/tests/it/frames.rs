//! The frame parser against arbitrary and damaged bytes.

use crate::scene::{SEGMENT, Scene, append};
use proptest::prelude::*;
use sitelog_ledger::{HEADER, Parsed, parse_frame};

/// A sound frame as the ledger writes it, without the segment's header before it.
fn frame() -> Vec<u8> {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..1);
    let mut bytes = Vec::new();
    scene
        .disk
        .tamper(&scene.path(chain.id(), SEGMENT), |file| bytes = file.split_off(68));
    bytes
}

#[test]
fn a_frame_comes_back_and_its_beginning_asks_for_the_rest() {
    let bytes = frame();
    assert!(matches!(parse_frame(&bytes), Parsed::Frame(header, payload) if header.index == 0 && payload.len() == 100));
    for len in 0..bytes.len() {
        let needs = if len < HEADER { HEADER } else { bytes.len() };
        assert_eq!(parse_frame(&bytes[..len]), Parsed::Short(needs), "{len} bytes");
    }
}

#[test]
fn every_flipped_bit_is_seen() {
    let bytes = frame();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(parse_frame(&flipped), Parsed::Bad(_)), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!matches!(parse_frame(&bytes), Parsed::Frame(..)));
    }

    /// A header whose checksum is right may still say anything.
    #[test]
    fn a_forged_header_is_refused_or_read(at in 4..88usize, value: u8) {
        let mut bytes = frame();
        bytes[at] = value;
        let crc = crc32c(&bytes[..88]);
        bytes[88..92].copy_from_slice(&crc.to_le_bytes());
        match parse_frame(&bytes) {
            Parsed::Frame(header, payload) => prop_assert_eq!(header.stored as usize, payload.len()),
            Parsed::Short(needs) => prop_assert!(needs > bytes.len() && needs <= HEADER + sitelog_ledger::MAX_STORED),
            Parsed::Bad(_) => {}
        }
    }
}

/// CRC-32C bit by bit: an oracle beside the library that the ledger uses.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
