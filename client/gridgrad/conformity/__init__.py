"""Conformity: published cases that every implementation of the protocol answers alike."""
