"""Programs that use the library, the trainers and the TFLite tools together."""
