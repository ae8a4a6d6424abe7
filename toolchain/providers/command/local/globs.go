package local

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collect picks up the files that a finished command was asked to return.
func (r *Results) collect(dir string, s Settings) error {
	if s.AssetPaths != nil {
		assets := map[string]*types.AssetOrArchive{}
		err := eachAsset(dir, *s.AssetPaths, func(name string, asset *resource.Asset) {
			assets[name] = &types.AssetOrArchive{Asset: asset}
		})
		if err != nil {
			return fmt.Errorf("assetPaths: %w", err)
		}
		r.Assets = &assets
	}
	if s.ArchivePaths != nil {
		files := map[string]any{}
		err := eachAsset(dir, *s.ArchivePaths, func(name string, asset *resource.Asset) {
			files[name] = asset
		})
		if err != nil {
			return fmt.Errorf("archivePaths: %w", err)
		}
		archive, err := resource.NewAssetArchive(files)
		if err != nil {
			return fmt.Errorf("archivePaths: %w", err)
		}
		r.Archive = archive
	}
	return nil
}

func eachAsset(dir string, patterns []string, add func(string, *resource.Asset)) error {
	selected, err := selector(patterns)
	if err != nil {
		return err
	}
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !selected(name) {
			return err
		}
		asset, err := resource.NewPathAsset(path.Join(dir, name))
		if err != nil {
			return err
		}
		add(name, asset)
		return nil
	})
}

// selector decides about slash-separated paths relative to the directory: the last pattern that
// matches wins, and one that begins with "!" excludes.
func selector(patterns []string) (func(name string) bool, error) {
	type rule struct {
		glob.Glob
		include bool
	}
	rules := make([]rule, len(patterns))
	for i, pattern := range patterns {
		text, exclude := strings.CutPrefix(pattern, "!")
		compiled, err := glob.Compile(text, '/')
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		rules[i] = rule{compiled, !exclude}
	}
	return func(name string) bool {
		selected := false
		for _, r := range rules {
			if r.Match(name) {
				selected = r.include
			}
		}
		return selected
	}, nil
}
