//! Servers of the Model Context Protocol: started, listed, called, and held to what they said.
