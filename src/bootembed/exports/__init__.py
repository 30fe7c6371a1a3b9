"""An embedder in other forms: ONNX, int8, static, shorter vectors, a vocabulary of its own language."""
