"""The tutorial: its commands print what it shows, its programs and its drawings are as it says."""
