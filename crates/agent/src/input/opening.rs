//! The first message of a run whose work a model does: text, and images where there are any.
//!
//! Over the API an image comes as it is; only a command line reads files, on the machine of who gives it.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use mainspring_types::{Code, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most bytes of one image, which is what providers take.
const IMAGE_MAX: usize = 5 << 20;
/// The most images of one message.
const IMAGES_MAX: usize = 20;
/// The kinds that providers take, each with how its files begin.
const KINDS: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF8"),
    ("image/webp", b"RIFF"),
];

/// What a model is asked first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The text; empty when a conversation waits for its first message.
    pub prompt: String,
    /// What the model is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
}

/// An image as providers take it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its kind, such as `image/png`.
    pub media: String,
    /// Its bytes in base64.
    pub data: String,
}

impl Opening {
    /// Reads the input of a run: text, or an object with `prompt` and perhaps `images`.
    pub fn read(input: &Value) -> Result<Self, Problem> {
        let fields = match input {
            Value::Null => return Ok(Self::default()),
            Value::String(text) => return Ok(Self { prompt: text.clone(), images: Vec::new() }),
            Value::Object(fields) => fields,
            _ => return Err(refused("the input must be text, or an object with `prompt`".into())),
        };
        if let Some(name) = fields.keys().find(|name| !["prompt", "images"].contains(&name.as_str())) {
            return Err(refused(format!("the input holds `{name}`; known are `prompt` and `images`")));
        }
        let prompt = match fields.get("prompt") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(_) => return Err(refused("`prompt` must be text".into())),
        };
        let images = match fields.get("images") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(images)) if images.len() <= IMAGES_MAX => images.as_slice(),
            Some(Value::Array(_)) => return Err(refused(format!("`images` holds more than {IMAGES_MAX}"))),
            Some(_) => return Err(refused("`images` must be a list".into())),
        };
        let images = images.iter().enumerate().map(|(at, image)| Image::read(image, at));
        Ok(Self { prompt, images: images.collect::<Result<_, _>>()? })
    }

    /// Whether there is nothing that a model could answer.
    pub fn is_empty(&self) -> bool {
        self.prompt.trim().is_empty() && self.images.is_empty()
    }
}

impl Image {
    /// The image in a file.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let at = path.display();
        let bytes = fs::read(path)
            .map_err(|error| Problem::new(Code::InvalidInput, format!("read the image `{at}`: {error}")))?;
        Self::of_bytes(&bytes, &format!("`{at}`"))
    }

    /// An object with `media` and `data`, or a `data:` address.
    fn read(value: &Value, at: usize) -> Result<Self, Problem> {
        let name = format!("`images[{at}]`");
        let unreadable = || {
            let form = r#"{"media": "image/png", "data": BASE64}"#;
            refused(format!("{name} is no image"))
                .suggest(format!("give it as {form}, or as a data: address"))
        };
        let data = match value {
            Value::Object(fields) if fields.keys().all(|name| ["media", "data"].contains(&name.as_str())) => {
                fields.get("data").and_then(Value::as_str)
            }
            Value::String(text) => {
                text.strip_prefix("data:").and_then(|rest| Some(rest.split_once(";base64,")?.1))
            }
            _ => None,
        };
        let bytes = BASE64_STANDARD.decode(data.ok_or_else(unreadable)?).map_err(|_| unreadable())?;
        Self::of_bytes(&bytes, &name)
    }

    /// What it is, is told by its bytes: what a caller says of them may be wrong, and a provider would refuse it late.
    fn of_bytes(bytes: &[u8], name: &str) -> Result<Self, Problem> {
        if bytes.len() > IMAGE_MAX {
            let message = format!("{name} is {} bytes; at most {IMAGE_MAX} are allowed", bytes.len());
            return Err(Problem::new(Code::InputTooLarge, message).suggest("make the image smaller"));
        }
        let kind = KINDS.iter().find(|(_, start)| bytes.starts_with(start));
        let Some((media, _)) = kind else {
            return Err(refused(format!("{name} is neither PNG, JPEG, GIF nor WebP")));
        };
        Ok(Self { media: (*media).to_owned(), data: BASE64_STANDARD.encode(bytes) })
    }
}

fn refused(message: String) -> Problem {
    Problem::new(Code::InvalidInput, message)
}
