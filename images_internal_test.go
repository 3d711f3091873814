package frontdesk

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pictures holds a small picture in each format.
func pictures(t testing.TB) map[string][]byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.White})
	var asPNG, asJPEG, asGIF bytes.Buffer
	require.NoError(t, png.Encode(&asPNG, picture))
	require.NoError(t, jpeg.Encode(&asJPEG, picture, nil))
	require.NoError(t, gif.Encode(&asGIF, picture, nil))
	return map[string][]byte{
		"image/png":  asPNG.Bytes(),
		"image/jpeg": asJPEG.Bytes(),
		"image/gif":  asGIF.Bytes(),
		"image/webp": []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"),
	}
}

func dataURL(mediaType string, data []byte) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
}

func TestCheckImagesAcceptsWhatHostsRead(t *testing.T) {
	require.NoError(t, checkImages(nil))
	for mediaType, data := range pictures(t) {
		t.Run(mediaType, func(t *testing.T) {
			assert.NoError(t, checkImages([]Image{
				{Data: data},
				{Data: data, MediaType: mediaType},
				{Data: data, URL: "file:///ignored/beside/data"},
				{URL: dataURL(mediaType, data)},
				{URL: "DATA" + strings.TrimPrefix(dataURL(mediaType, data), "data")},
			}))
		})
	}
	for _, address := range []string{
		"https://cdn.example.com/lamp.png?signature=a%2Fb",
		"HTTPS://cdn.example.com/lamp.png",
		"https://[2001:db8::1]:8443/lamp.png",
		"http://localhost:8080/lamp.png",
		"http://127.0.0.1/lamp.png",
		"http://[::1]:80/lamp.png",
	} {
		assert.NoError(t, checkImages([]Image{{URL: address}}), address)
	}
}

func TestCheckImagesRefusesWhatHostsDoNot(t *testing.T) {
	photo := pictures(t)["image/png"]
	for _, test := range []struct {
		name    string
		image   Image
		problem string
	}{
		{"empty", Image{}, "it has neither data nor a URL"},
		{"only a media type", Image{MediaType: "image/png"}, "it has neither data nor a URL"},
		{"text", Image{Data: []byte("my lamp")}, "it is text/plain; charset=utf-8: send PNG, JPEG, GIF or WebP"},
		{"a page", Image{Data: []byte("<html><script>")}, "it is text/html"},
		{"SVG", Image{Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)}, "send PNG, JPEG, GIF or WebP"},
		{"PDF", Image{Data: []byte("%PDF-1.7")}, "it is application/pdf"},
		{"bitmap", Image{Data: []byte("BM1234")}, "it is image/bmp"},
		{"text called a picture", Image{Data: []byte("my lamp"), MediaType: "image/png"}, "it is text/plain"},
		{"another picture", Image{Data: photo, MediaType: "image/jpeg"}, `it is declared as "image/jpeg" and is image/png`},
		{"file", Image{URL: "file:///etc/passwd"}, `its URL begins with "file:": use an https or a data URL`},
		{"plain HTTP", Image{URL: "http://cdn.example.com/lamp.png"}, `its URL begins with "http:"`},
		{"plain HTTP to a lookalike", Image{URL: "http://localhost.example.com/lamp.png"}, `its URL begins with "http:"`},
		{"a path", Image{URL: "/images/lamp.png"}, `its URL begins with ":"`},
		{"no host", Image{URL: "https:///lamp.png"}, "its URL names no host"},
		{"only a port", Image{URL: "https://:443/lamp.png"}, "its URL names no host"},
		{"a user", Image{URL: "https://ana:secret@cdn.example.com/lamp.png"}, "its URL holds a user name"},
		{"not an address", Image{URL: "https://cdn.example.com/a\nb"}, "its URL cannot be read: "},
		{"data not in base64", Image{URL: "data:image/svg+xml,%3Csvg/%3E"}, "its data URL is not in base64"},
		{"data without a payload", Image{URL: "data:image/png;base64"}, "its data URL is not in base64"},
		{"damaged data", Image{URL: "data:image/png;base64,iVBOR?"}, "its data URL is damaged"},
		{"empty data", Image{URL: "data:image/png;base64,"}, "it is text/plain"},
		{"data without a type", Image{URL: dataURL("", photo)}, "its data URL names no media type"},
		{"data of another type", Image{URL: dataURL("image/gif", photo)}, `it is declared as "image/gif" and is image/png`},
		{"data that is no picture", Image{URL: dataURL("image/png", []byte("my lamp"))}, "it is text/plain"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := checkImages([]Image{{Data: photo}, test.image})
			require.ErrorContains(t, err, test.problem)
			assert.ErrorContains(t, err, "image 1: ")
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestCheckImagesCountsThem(t *testing.T) {
	photo := Image{Data: pictures(t)["image/png"]}
	images := make([]Image, maxImages)
	for i := range images {
		images[i] = photo
	}
	require.NoError(t, checkImages(images))
	assert.EqualError(t, checkImages(append(images, photo)), "9 images: send at most 8 in one turn")
}

func TestCheckImagesWeighsThem(t *testing.T) {
	photo := pictures(t)["image/png"]
	small := Image{URL: dataURL("image/png", photo)}
	// Base64 makes four bytes of three.
	rest := maxImageBytes/4*3 - (len(photo)+2)/3*3
	large := Image{Data: append(photo, make([]byte, rest-len(photo))...)}
	require.NoError(t, checkImages([]Image{large, small}))

	const problem = "the images up to this one are larger than 20 MB in base64"
	address := Image{URL: "https://cdn.example.com/lamp.png"}
	assert.ErrorContains(t, checkImages([]Image{large, small, address}), "image 2: "+problem)
	assert.ErrorContains(t, checkImages([]Image{large, address, small}), "image 2: "+problem)
	large.Data = append(large.Data, 0)
	assert.ErrorContains(t, checkImages([]Image{small, large}), "image 1: "+problem)
	huge := Image{URL: "data:image/png;base64," + strings.Repeat("A", maxImageBytes+1)}
	assert.ErrorContains(t, checkImages([]Image{huge}), "image 0: "+problem)
}

func FuzzCheckImages(f *testing.F) {
	for mediaType, data := range pictures(f) {
		f.Add(dataURL(mediaType, data))
	}
	f.Add("https://cdn.example.com/lamp.png")
	f.Add("http://[::1]/lamp.png")
	f.Add("data:;base64,AAAA")
	f.Add("data:image/png;base64")
	f.Fuzz(func(t *testing.T, address string) {
		if checkImages([]Image{{URL: address}}) != nil {
			return
		}
		scheme, _, _ := strings.Cut(strings.ToLower(address), ":")
		require.Contains(t, []string{"https", "http", "data"}, scheme)
	})
}
