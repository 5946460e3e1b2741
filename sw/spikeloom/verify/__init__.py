"""The rungs side by side: torch, ONNX executor, golden model, hardware; what differs, and where."""
