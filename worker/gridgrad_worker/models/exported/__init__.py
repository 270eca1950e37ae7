"""Programs that torch.export saved, read without its loader, which unpickles."""
