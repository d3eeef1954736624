//! Bodies as they are kept: compressed where that makes them smaller.

use std::borrow::Cow;

use mainspring_store::Fault;

/// Below this a body is kept as it is: the gain would not pay for the look.
const PACKED_MIN: usize = 256;

/// The body as it is kept, and whether that is compressed.
pub(crate) fn pack(body: &[u8]) -> (bool, Cow<'_, [u8]>) {
    if body.len() >= PACKED_MIN {
        let packed = lz4_flex::block::compress_prepend_size(body);
        if packed.len() < body.len() {
            return (true, Cow::Owned(packed));
        }
    }
    (false, Cow::Borrowed(body))
}

/// The body that was packed.
pub(crate) fn unpack(packed: bool, bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if !packed {
        return Ok(bytes);
    }
    lz4_flex::block::decompress_size_prepended(&bytes)
        .map_err(|error| Fault::Corrupt { detail: format!("a recorded body cannot be unpacked: {error}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_and_what_would_grow_is_left_alone() {
        let random: Vec<u8> =
            (0..2_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
        for body in [Vec::new(), b"short".to_vec(), b"data: {}\n\n".repeat(500), random] {
            let (packed, kept) = pack(&body);
            assert!(kept.len() <= body.len());
            assert_eq!(unpack(packed, kept.into_owned()).expect("unpacks"), body);
        }
    }

    #[test]
    fn damage_is_told_and_not_served() {
        assert!(matches!(unpack(true, vec![255; 40]), Err(Fault::Corrupt { .. })));
    }
}
