"""What is timed of ours: each function opens something and gives what runs a block, in processes of any build."""
