"""The networks: base fusions, the gates of IACA, the heads and the backbones."""
