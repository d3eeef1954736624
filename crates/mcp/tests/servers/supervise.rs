//! The supervisor as a program of its own: what `mainspring supervise` is in the product.

fn main() -> ! {
    mainspring_sandbox::supervise()
}
